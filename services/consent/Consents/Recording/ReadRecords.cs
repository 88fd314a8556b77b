using System.Text;
using System.Text.Json;
using ConsentLedger.Consent.Consents.Reading;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Vault;

namespace ConsentLedger.Consent.Consents.Recording;

/// <summary>
/// What is recorded about a subject, to be handed to them or to another controller: as consent records, as receipts, as a table, or whole. Reading is recorded before anything
/// is answered.
/// </summary>
public static class ReadRecords
{
    private const string JsonLd = "application/ld+json";

    public static void Map(IEndpointRouteBuilder api) => api.MapGet("/v1/subjects/{subject}/records", HandleAsync).RequireScope(Scopes.ConsentAudit)
        .Produces<object>(StatusCodes.Status200OK, JsonLd, "application/json", "text/csv").WithMetadata(KnownProblems.NotFound);

    private static async Task<IResult> HandleAsync(
        SubjectId subject, string? format, bool? disclose, HttpRequest request, Caller caller, CommandOptions options, DeciderLoop ledger, ConsentReader reader, IEventEngine engine,
        SubjectKeys keys, TimeProvider clock, CancellationToken ct)
    {
        // Only the whole copy has room for what was sealed: nothing is said to be disclosed that is not.
        if (FormOf(format, request) is not { } form || (disclose is true && form != RecordForm.Json)) return KnownProblems.RequestInvalid;
        var (reading, refusal) = await ledger.RecordAsync("records", caller, subject, options, new HistoryRead(caller.ClientId, AsOf: null, KnownAt: null, disclose ?? false), ct);
        if (reading is null) return refusal;

        var stream = new StreamKey(caller.Tenant, subject.Stream);
        var (policies, events) = await reader.ReadEventsAsync(caller.Tenant, [subject.Stream], ct);
        var evidence = disclose is true ? await ReadHistory.OpenAsync(stream, engine, keys, ct) : new Dictionary<long, byte[]>();
        var record = SubjectRecord.Of(subject, policies, events[stream].Take((int)reading.Version), evidence, clock.GetUtcNow());
        request.HttpContext.Response.Headers.Vary = "Accept";
        return Write(record, form).WithEntityTag(reading.Version);
    }

    private static IResult Write(SubjectRecord record, RecordForm form) => form switch
    {
        RecordForm.Kantara => TypedResults.Json(KantaraReceipt.Of(record), StrictJson.Options),
        RecordForm.Csv => TypedResults.Text(EventTable.Of(record), "text/csv; charset=utf-8; header=present", Encoding.UTF8),
        RecordForm.Json => TypedResults.Json(AccessCopy.Of(record), StrictJson.Options),
        _ => TypedResults.Text(JsonSerializer.Serialize(WriteGraph.Of(record), ConsentGraph.Json), JsonLd, Encoding.UTF8),
    };

    // A format that is named has to be one of ours. Of what a client says it would accept, the first that we have is taken, and where we have none, the usual one.
    private static RecordForm? FormOf(string? format, HttpRequest request) => format is not null
        ? format switch { "dpv" => RecordForm.Dpv, "kantara" => RecordForm.Kantara, "csv" => RecordForm.Csv, "json" => RecordForm.Json, _ => null }
        : request.GetTypedHeaders().Accept.OrderByDescending(a => a.Quality ?? 1).Select(a => a.MediaType.Value switch
        {
            JsonLd or "*/*" => RecordForm.Dpv,
            "text/csv" => RecordForm.Csv,
            "application/json" => RecordForm.Json,
            _ => (RecordForm?)null,
        }).FirstOrDefault(f => f is not null) ?? RecordForm.Dpv;
}

public enum RecordForm
{
    /// <summary>ISO/IEC TS 27560, as JSON-LD with the Data Privacy Vocabulary.</summary>
    Dpv,

    /// <summary>Kantara Initiative Consent Receipt 1.1.</summary>
    Kantara,

    /// <summary>One line an event.</summary>
    Csv,

    /// <summary>Everything.</summary>
    Json,
}
