using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Consents.Reading;

/// <summary>What a subject has consented to, now or as of any moment, and what they object to.</summary>
/// <param name="Objections">Those that stand, also where they stop nothing because something else is left to rest on.</param>
public sealed record ConsentsAnswer(SubjectId Subject, long Version, Erasure Erasure, IReadOnlyList<ConsentAnswer> Consents, IReadOnlyList<ObjectionAnswer> Objections)
{
    public static ConsentsAnswer Of(SubjectId subject, long version, SubjectConsents state) => new(subject, version, state.Erasure,
        [.. state.Lanes.OrderBy(l => l.Key.Purpose, StringComparer.Ordinal).ThenBy(l => l.Key.Channel, StringComparer.Ordinal).ThenBy(l => l.Key.Recipient, StringComparer.Ordinal)
            .Select(l => new ConsentAnswer(
                l.Key.Purpose, l.Key.Channel, l.Key.Recipient, l.Value.Status, l.Value.OccurredAt, l.Value.Place.RecordedAt, l.Value.Place.Position,
                l.Value.PolicyVersion, l.Value.Text, l.Key.Law, l.Key.Scope, l.Value.Until,
                l.Value.Renewal is { } renewal ? new RenewalAnswer(renewal.OccurredAt, renewal.Place.Position, renewal.Until) : null))],
        [.. state.Objections.Where(o => o.Stands).Select(o => new ObjectionAnswer(o.To, o.Purpose, o.OccurredAt, o.Place.RecordedAt, o.Place.Position, o.Upheld))]);
}

/// <param name="State">A lane that is not listed was never asked for.</param>
/// <param name="Renewal">What waits to be confirmed beside a consent that stands; null where nothing does.</param>
public sealed record ConsentAnswer(
    string Purpose, string? Channel, string Recipient, LaneStatus State, DateTimeOffset OccurredAt, DateTimeOffset RecordedAt, long Position, string PolicyVersion, TextShown? Text, string? Law, string? Scope, DateTimeOffset? Until,
    RenewalAnswer? Renewal = null);

/// <summary>The first step of a renewal, while the consent stands.</summary>
/// <param name="Until">The last moment to confirm it.</param>
public sealed record RenewalAnswer(DateTimeOffset OccurredAt, long Position, DateTimeOffset? Until);

/// <param name="Upheld">Null while it waits for its outcome.</param>
public sealed record ObjectionAnswer(ObjectionTo To, string? Purpose, DateTimeOffset OccurredAt, DateTimeOffset RecordedAt, long Position, bool? Upheld);

public static class ReadConsents
{
    public static void Map(IEndpointRouteBuilder api) => api.MapGet("/v1/subjects/{subject}/consents", HandleAsync).RequireScope(Scopes.ConsentRead);

    private static async Task<IResult> HandleAsync(SubjectId subject, ReplayQuery query, Caller caller, StateReader reader, CancellationToken ct)
    {
        var events = await reader.ReadEventsAsync(new StreamKey(caller.Tenant, subject.Stream), ct);
        var state = SubjectConsents.Stream.Replay(events.Where(e => query.Replay.Includes(e, reader)), ConsentCatalog.Events);
        var version = events.Count == 0 ? 0 : events[^1].Place.Version;
        return TypedResults.Json(ConsentsAnswer.Of(subject, version, state), StrictJson.Options).WithEntityTag(version);
    }
}
