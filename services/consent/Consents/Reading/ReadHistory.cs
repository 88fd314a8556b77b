using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Vault;

namespace ConsentLedger.Consent.Consents.Reading;

/// <summary>Everything recorded about one subject, for whoever may audit it. Reading is recorded before anything is answered.</summary>
public static class ReadHistory
{
    private const string NdJson = "application/x-ndjson";

    private const int EventsAtOnce = 100;

    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/v1/subjects/{subject}/history", HandleAsync).RequireScope(Scopes.ConsentAudit).WithMetadata(KnownProblems.NotFound);

    private static async Task<IResult> HandleAsync(
        SubjectId subject, ReplayQuery query, bool? disclose, HttpRequest request, HttpResponse response, Caller caller, CommandOptions options, DeciderLoop ledger,
        StateReader reader, IEventEngine engine, SubjectKeys keys, CancellationToken ct)
    {
        var replay = query.Replay;
        var read = new HistoryRead(caller.ClientId, replay.AsOf, replay.KnownAt, disclose ?? false);
        var stream = new StreamKey(caller.Tenant, subject.Stream);

        // Looked up while the reading is recorded, and told when it is.
        var recording = ledger.RecordAsync("history", caller, subject, options, read, ct);
        IReadOnlyList<StoredEvent> known = recording.IsCompleted ? [] : await engine.ReadStreamsAsync([stream], ct);
        var (recorded, refusal) = await recording;
        if (recorded is null) return refusal;

        var since = await engine.ReadStreamsAsync([new StreamSlice(stream, known is [.., var last] ? last.Place.Version : 0)], ct);
        var events = known.Concat(since).Take((int)recorded.Version).Where(e => replay.Includes(e, reader)).ToList();
        var evidence = read.Disclosed ? await OpenAsync(stream, engine, keys, ct) : new Dictionary<long, byte[]>();
        var asLines = request.GetTypedHeaders().Accept.Any(a => a.MediaType == NdJson);
        response.ContentType = asLines ? NdJson : "application/json; charset=utf-8";
        response.Headers.ETag = EntityTag.Of(recorded.Version);

        var body = response.BodyWriter;
        await using var json = new Utf8JsonWriter(body, Json);
        if (!asLines) json.WriteStartArray();
        foreach (var (i, e) in events.Index())
        {
            Write(json, e, evidence.GetValueOrDefault(e.Place.Version));
            if (asLines)
            {
                await json.FlushAsync(ct);
                json.Reset();
                body.Write("\n"u8);
            }

            if (i % EventsAtOnce != EventsAtOnce - 1) continue;
            await json.FlushAsync(ct);
            await body.FlushAsync(ct);
        }

        if (!asLines) json.WriteEndArray();
        return Results.Empty;
    }

    // Facts lie in the store as they are told: JSON of ours, which nobody needs to read on the way.
    private static void Write(Utf8JsonWriter json, StoredEvent e, byte[]? evidence)
    {
        json.WriteStartObject();
        json.WriteNumber("version", e.Place.Version);
        json.WriteNumber("position", e.Place.Position);
        json.WriteString("type", e.Type);
        json.WriteString("id", e.Id);
        json.WriteString("recordedAt", e.Place.RecordedAt);
        json.WritePropertyName("data");
        json.WriteRawValue(e.Data.Span, skipInputValidation: true);
        if (evidence is not null)
        {
            json.WritePropertyName("evidence");
            json.WriteRawValue(evidence);
        }

        json.WriteEndObject();
    }

    /// <summary>What was sealed beside the events, by version, for whoever has recorded the disclosure; nothing where the key is gone.</summary>
    internal static async Task<IReadOnlyDictionary<long, byte[]>> OpenAsync(StreamKey stream, IEventEngine engine, SubjectKeys keys, CancellationToken ct)
    {
        if (await keys.FindAsync(stream, ct) is not KeyAnswer.Present { Key: var found }) return new Dictionary<long, byte[]>();
        using var key = found;
        return (await engine.ReadSealedAsync(stream, ct)).ToDictionary(s => s.Key, s => Open(key, s.Key, s.Value));
    }

    private static byte[] Open(SubjectKey key, long version, byte[] envelope)
    {
        try
        {
            return key.Open(version, envelope);
        }
        catch (EnvelopeRefusedException)
        {
            // Somebody touched it. An auditor needs the rest now more than ever, and an export proves it.
            return """{"refused":"The envelope does not open: it is not what was sealed here."}"""u8.ToArray();
        }
    }
}
