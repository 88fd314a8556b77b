using System.Buffers;
using ConsentLedger.MarketingPreference.Publishing;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Snapshot;

/// <summary>
/// What was recorded after a position, in order and without a gap: the very messages that the bus carries, for whoever starts from a snapshot or missed some of them. The
/// broker is not needed for it.
/// </summary>
public static class ReadChanges
{
    private const int MaxEvents = 1_000, MaxWaitSeconds = 30;

    /// <summary>Of a log that is shorter than the caller knows it: it was restored from a backup.</summary>
    private static readonly Problem Ahead = KnownProblems.PositionUnknown with { Title = "The log does not reach this position. Whoever has been there starts from a new snapshot." };

    public static void Map(IEndpointRouteBuilder api) => api.MapGet("/v1/preferences/changes", HandleAsync).RequireScope(Scopes.PreferencesFollow).WithMetadata(KnownProblems.PositionUnknown);

    /// <param name="after">The last position known; -1 for none.</param>
    /// <param name="limit">How many events at most.</param>
    /// <param name="wait">Seconds to wait for one, where there is none yet.</param>
    private static async Task<IResult> HandleAsync(long after, int? limit, int? wait, HttpResponse response, Caller caller, IEventEngine engine, TimeProvider clock, CancellationToken ct)
    {
        if (after < -1 || limit is < 1 or > MaxEvents || wait is < 0 or > MaxWaitSeconds) return KnownProblems.RequestInvalid;
        var (waitedSince, patience) = (clock.GetTimestamp(), TimeSpan.FromSeconds(wait ?? 0));
        while (true)
        {
            // Asked before looking, so that what is appended between the look and the wait ends the wait at once.
            var appended = engine.WaitForAppendAsync(TimeSpan.FromSeconds(1), ct);
            var events = await engine.ReadFromAsync(caller.Tenant, after + 1, limit ?? MaxEvents, ct);
            if (events.Count == 0 && after >= 0 && (await engine.ReadFromAsync(caller.Tenant, after, 1, ct)).Count == 0) return Ahead;
            if (events.Count > 0 || clock.GetElapsedTime(waitedSince) >= patience) return Answer(events, after, response);
            await appended;
        }
    }

    private static IResult Answer(IReadOnlyList<StoredEvent> events, long after, HttpResponse response)
    {
        response.Headers[ReadSnapshot.PositionHeader] = $"{(events is [.., var last] ? last.Place.Position : after)}";
        var lines = new ArrayBufferWriter<byte>(events.Count * 640 + 1);
        foreach (var e in events)
        {
            lines.Write(MarketingPublisher.Translate(e).ToJson());
            lines.Write("\n"u8);
        }

        return Results.Bytes(lines.WrittenMemory, ReadSnapshot.NdJson);
    }
}
