using System.Collections.Immutable;

namespace ConsentLedger.Consent.Consents;

/// <summary>What one consent covers: a purpose, over a channel where the purpose has any, for a recipient.</summary>
public readonly record struct Lane(string Purpose, string? Channel, string Recipient);

/// <param name="OccurredAt">When the act that counts was done, as its sender claims.</param>
/// <param name="Place">Where the event lies on which this rests.</param>
/// <param name="LastNo">The latest moment at which the person said no, however often it was said and whatever came after.</param>
public sealed record LaneState(bool Given, DateTimeOffset OccurredAt, EventPlace Place, string PolicyVersion, TextShown? Text, DateTimeOffset? LastNo);

/// <summary>Everything one subject's stream says about consent.</summary>
public sealed record SubjectConsents(ImmutableDictionary<Lane, LaneState> Lanes, Erasure Erasure)
{
    public static readonly StreamType<SubjectConsents> Stream = new(
        new SubjectConsents(ImmutableDictionary<Lane, LaneState>.Empty, Erasure.None), (state, e, place) => state.Evolve(e, place));

    private SubjectConsents Evolve(object e, EventPlace place) => e switch
    {
        ConsentGranted granted when Prevails(granted.LaneOf(), granted.Actor, granted.OccurredAt) =>
            this with { Lanes = Lanes.SetItem(granted.LaneOf(), new LaneState(true, granted.OccurredAt, place, granted.PolicyVersion, granted.Text, LastNo(granted.LaneOf()))) },

        ConsentWithdrawn withdrawn => this with
        {
            Lanes = Lanes.SetItem(withdrawn.LaneOf(), new LaneState(
                false, withdrawn.EffectiveAt(place.RecordedAt), place, withdrawn.PolicyVersion, null, Later(LastNo(withdrawn.LaneOf()), withdrawn.EffectiveAt(place.RecordedAt)))),
        },
        ErasureStarted => this with { Erasure = Erasure.Started },

        // Nothing remains to decide on: an erased person gave no consent, and asking again starts a new stream.
        SubjectErased => new SubjectConsents(ImmutableDictionary<Lane, LaneState>.Empty, Erasure.Done),
        _ => this,
    };

    /// <summary>Only the subject's own act, dated after every withdrawal, undoes them: no import and no late message does.</summary>
    public bool Prevails(Lane lane, Actor actor, DateTimeOffset occurredAt) =>
        !Lanes.TryGetValue(lane, out var state) || state.Given || (actor is Actor.Subject or Actor.Guardian && occurredAt > state.LastNo);

    /// <summary>A later no is worth recording even where a no stands: a yes from between the two may still arrive.</summary>
    public bool Hears(Lane lane, DateTimeOffset no) => !Lanes.TryGetValue(lane, out var state) || state.Given || state.LastNo is not { } last || no > last;

    private DateTimeOffset? LastNo(Lane lane) => Lanes.TryGetValue(lane, out var state) ? state.LastNo : null;

    private static DateTimeOffset Later(DateTimeOffset? one, DateTimeOffset other) => one > other ? one.Value : other;
}

public enum Erasure
{
    None,
    Started,
    Done,
}

public static class Lanes
{
    public static Lane LaneOf(this ConsentGranted granted) => new(granted.Purpose, granted.Channel, granted.Recipient);

    public static Lane LaneOf(this ConsentWithdrawn withdrawn) => new(withdrawn.Purpose, withdrawn.Channel, withdrawn.Recipient);

    /// <summary>A withdrawal counts from where it is recorded at the latest: a clock that runs ahead must not keep a later change of mind out.</summary>
    public static DateTimeOffset EffectiveAt(this ConsentWithdrawn withdrawn, DateTimeOffset recordedAt) =>
        withdrawn.OccurredAt < recordedAt ? withdrawn.OccurredAt : recordedAt;
}
