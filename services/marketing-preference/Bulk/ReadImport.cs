using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Bulk;

/// <summary>How an import stands.</summary>
/// <param name="Done">How many lines were carried out.</param>
/// <param name="Code">Why it failed, where it did.</param>
public sealed record ImportAnswer(
    Guid Id, ImportState State, string Source, ImportFormat Format, string Digest, long Lines, long Invalid, long Done, Counts Counts, DateTimeOffset AcceptedAt, string? Code = null)
{
    public static ImportAnswer Of(StreamId id, Import import)
    {
        var (accepted, counts) = (import.Accepted!, import.Counts);
        return new(
            id.Value, import.State, accepted.Source, accepted.Format, accepted.Digest, accepted.Lines, accepted.Invalid, counts.Recorded + counts.Unchanged + counts.Refused + counts.Invalid, counts, import.AcceptedAt, import.Code);
    }
}

/// <summary>The last line of results. Without it they were cut off.</summary>
/// <param name="Complete">False while there are lines to come.</param>
public sealed record ResultsEnd(Counts Counts, bool Complete);

/// <summary>What a list would do, line by line, as everything stands now; how far it has come; and what became of each line.</summary>
public static class ReadImport
{
    private const int FlushAtBytes = 64 * 1024;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/v1/imports/{import:guid}", HandleAsync).RequireScope(Scopes.PreferencesImport).Produces<ImportAnswer>().WithMetadata(KnownProblems.NotFound);
        api.MapGet("/v1/imports/{import:guid}/preview", PreviewAsync).RequireScope(Scopes.PreferencesImport).RefusesWith("import_started", "import_lapsed").WithMetadata(KnownProblems.NotFound);
        api.MapGet("/v1/imports/{import:guid}/results", ListAsync).RequireScope(Scopes.PreferencesImport).WithMetadata(KnownProblems.NotFound);
    }

    internal static async Task<Import?> FindAsync(StreamKey stream, StateReader reader, CancellationToken ct)
    {
        // Any other stream read as an import is none that was accepted.
        var (import, _) = await reader.ReadAsync(stream, Import.Stream, ct);
        return import.State == ImportState.Unknown ? null : import;
    }

    private static async Task<IResult> HandleAsync(Guid import, Caller caller, StateReader reader, CancellationToken ct) =>
        await FindAsync(new StreamKey(caller.Tenant, new StreamId(import)), reader, ct) is { } found
            ? TypedResults.Json(ImportAnswer.Of(new StreamId(import), found), StrictJson.Options)
            : KnownProblems.NotFound;

    private static async Task<IResult> PreviewAsync(
        Guid import, HttpResponse response, Caller caller, StateReader reader, ImportParts parts, PreferenceReader preferences, AddressReader addresses, TimeProvider clock, CancellationToken ct)
    {
        var stream = new StreamKey(caller.Tenant, new StreamId(import));
        if (await FindAsync(stream, reader, ct) is not { } found) return KnownProblems.NotFound;
        if (RunImport.Decide(caller.ClientId, found, clock.GetUtcNow()) is Decision.Refuse { Refusal: var refusal }) return KnownProblems.Refused(refusal.Code, refusal.Reason);
        if (found.State != ImportState.Accepted) return KnownProblems.Refused("import_started", "It was started; what becomes of its lines is in its results.");
        response.ContentType = Snapshot.ReadSnapshot.NdJson;
        var (counts, part) = (Counts.None, 0);
        for (; part < found.Accepted!.Parts; part++)
        {
            // Started meanwhile: what is left of it is in the results.
            if (await parts.ReadAsync(stream, part, ct) is not ({ } lines, _)) break;
            var verdicts = await ForeseeAsync(caller.Tenant, lines, preferences, addresses, reader, clock.GetUtcNow(), ct);
            counts += Counts.Of(verdicts);
            await WriteAsync(response.BodyWriter, verdicts, ct);
        }

        await WriteAsync(response.BodyWriter, [new ResultsEnd(counts, part == found.Accepted.Parts)], ct);
        return Results.Empty;
    }

    private static async Task<IResult> ListAsync(Guid import, HttpResponse response, Caller caller, StateReader reader, ImportParts parts, CancellationToken ct)
    {
        var stream = new StreamKey(caller.Tenant, new StreamId(import));
        if (await FindAsync(stream, reader, ct) is not { } found) return KnownProblems.NotFound;
        response.ContentType = Snapshot.ReadSnapshot.NdJson;
        for (var part = 0; part < found.NextPart; part++) await WriteAsync(response.BodyWriter, (await parts.ReadAsync(stream, part, ct)).Results!, ct);
        await WriteAsync(response.BodyWriter, [new ResultsEnd(found.Counts, found.State == ImportState.Completed)], ct);
        return Results.Empty;
    }

    /// <summary>Each line by itself, decided by the very rules that will carry it out, and nothing recorded.</summary>
    private static async Task<IReadOnlyList<LineResult>> ForeseeAsync(
        TenantId tenant, IReadOnlyList<ReadLine> lines, PreferenceReader preferences, AddressReader addresses, StateReader reader, DateTimeOffset now, CancellationToken ct)
    {
        var people = lines.Select(l => l.Line?.Subject?.Stream).OfType<StreamId>().Distinct().ToList();
        var (policies, states) = await preferences.ReadAsync(tenant, people, ct);
        var known = people.Zip(states).ToDictionary(p => p.First, p => p.Second.State);
        var streams = await addresses.FindAsync(tenant, [.. lines.Select(l => l.Line?.AddressTag).OfType<AddressTag>().Distinct()], ct);
        var standing = await reader.ReadAsync([.. streams.Values], Address.Stream, ct);
        return [.. lines.Select(read => read.Line is { } line ? Foresee(read.Number, line) : LineResult.Invalid(read))];

        LineResult Foresee(long number, ImportLine line)
        {
            var decision = line.Subject is { } subject
                ? ImportRules.Decide(line, known[subject.Stream], policies, now)
                : ImportRules.Decide(line, streams.TryGetValue(line.AddressTag!.Value, out var stream) ? standing[stream] : Address.Unknown, now);
            return decision switch
            {
                Decision.Record => new LineResult(number, LineOutcome.Recorded),
                Decision.Refuse { Refusal: var refusal } => new LineResult(number, LineOutcome.Refused, refusal.Code),
                _ => new LineResult(number, LineOutcome.Unchanged),
            };
        }
    }

    private static async Task WriteAsync<T>(PipeWriter body, IReadOnlyList<T> lines, CancellationToken ct)
    {
        foreach (var line in lines)
        {
            using (var json = new Utf8JsonWriter(body)) JsonSerializer.Serialize(json, line, StrictJson.Options);
            body.Write("\n"u8);
            if (body.UnflushedBytes >= FlushAtBytes) await body.FlushAsync(ct);
        }

        await body.FlushAsync(ct);
    }
}
