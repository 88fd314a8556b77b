using System.Text.Json;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Vault;

namespace ConsentLedger.Consent.Consents.Reading;

/// <summary>One event of a subject's stream.</summary>
/// <param name="Data">The facts.</param>
/// <param name="Evidence">What was sealed beside them, where it was asked for, may be seen and still exists.</param>
public sealed record HistoryEntry(long Version, long Position, string Type, Guid Id, DateTimeOffset RecordedAt, JsonElement Data, JsonElement? Evidence);

/// <summary>Everything recorded about one subject, for whoever may audit it. Reading is recorded before anything is answered.</summary>
public static class ReadHistory
{
    private const string NdJson = "application/x-ndjson";

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/v1/subjects/{subject}/history", HandleAsync).RequireScope(Scopes.ConsentAudit);

    public static Decision Decide(HistoryRead read, long version) => version == 0 ? Decision.Unchanged : Decision.Of(read);

    /// <summary>Records the reading. The same key again is the same reading, if it asks for the same.</summary>
    public static Command CommandOf(Caller caller, SubjectId subject, CommandOptions options, HistoryRead read) => new(
        new StreamKey(caller.Tenant, subject.Stream), SubjectConsents.Stream, options.IdempotencyKey is { } key ? caller.CommandId(key) : options.FreshId,
        Digest.Of($"GET history {subject.Stream}", JsonSerializer.Serialize(read, StrictJson.Options)), context => Decide(read, context.Version));

    private static async Task<IResult> HandleAsync(
        SubjectId subject, Replay replay, bool? disclose, HttpRequest request, Caller caller, CommandOptions options, DeciderLoop ledger, StateReader reader,
        IEventEngine engine, SubjectKeys keys, CancellationToken ct)
    {
        var disclosed = disclose ?? false;
        if (disclosed && !caller.Scopes.Contains(Scopes.ConsentDisclose)) return KnownProblems.ScopeMissing;

        var stream = new StreamKey(caller.Tenant, subject.Stream);
        var read = new HistoryRead(caller.ClientId, replay.AsOf, replay.KnownAt, disclosed);
        var outcome = await ledger.ExecuteAsync(CommandOf(caller, subject, options, read), ct);
        if (outcome is Outcome.Unchanged) return KnownProblems.NotFound;
        if (outcome is not Outcome.Recorded recorded) return outcome.ToResult();

        // Up to the reading itself: what a repeat would show beyond it was never recorded as read.
        var events = (await reader.ReadEventsAsync(stream, ct)).Take((int)recorded.Version).ToList();
        var evidence = disclosed ? await OpenAsync(stream, engine, keys, ct) : new Dictionary<long, JsonElement>();
        var entries = events.Where(e => replay.Includes(e, reader.Facts(e))).Select(e => new HistoryEntry(
            e.Place.Version, e.Place.Position, e.Type, e.Id, e.Place.RecordedAt, JsonSerializer.Deserialize<JsonElement>(e.Data.Span),
            evidence.TryGetValue(e.Place.Version, out var opened) ? opened : null));
        var result = request.GetTypedHeaders().Accept.Any(a => a.MediaType == NdJson) ? Lines(entries) : TypedResults.Json(entries, StrictJson.Options);
        return result.WithEntityTag(events[^1].Place.Version);
    }

    private static async Task<IReadOnlyDictionary<long, JsonElement>> OpenAsync(StreamKey stream, IEventEngine engine, SubjectKeys keys, CancellationToken ct)
    {
        if (await keys.FindAsync(stream, ct) is not KeyAnswer.Present { Key: var found }) return new Dictionary<long, JsonElement>();
        using var key = found;
        return (await engine.ReadSealedAsync(stream, ct)).ToDictionary(s => s.Key, s => JsonSerializer.Deserialize<JsonElement>(key.Open(s.Key, s.Value)));
    }

    private static IResult Lines(IEnumerable<HistoryEntry> entries) => TypedResults.Stream(
        async body =>
        {
            foreach (var entry in entries)
            {
                await JsonSerializer.SerializeAsync(body, entry, StrictJson.Options);
                await body.WriteAsync("\n"u8.ToArray());
            }
        }, NdJson);
}
