using System.Collections.Immutable;

namespace ConsentLedger.Consent.Consents;

/// <summary>What one consent covers: a purpose, over a channel where the purpose has any, for a recipient.</summary>
public readonly record struct Lane(string Purpose, string? Channel, string Recipient);

/// <param name="OccurredAt">When the act that counts was done, as its sender claims.</param>
/// <param name="Place">Where the event lies on which this rests.</param>
public sealed record LaneState(bool Given, DateTimeOffset OccurredAt, EventPlace Place, string PolicyVersion, TextShown? Text);

/// <summary>Everything one subject's stream says about consent.</summary>
public sealed record SubjectConsents(ImmutableDictionary<Lane, LaneState> Lanes, Erasure Erasure)
{
    public static readonly StreamType<SubjectConsents> Stream = new(
        "subject", new SubjectConsents(ImmutableDictionary<Lane, LaneState>.Empty, Erasure.None), (state, e, place) => state.Evolve(e, place));

    private SubjectConsents Evolve(object e, EventPlace place) => e switch
    {
        ConsentGranted granted when Prevails(granted.LaneOf(), granted.Actor, granted.OccurredAt) =>
            this with { Lanes = Lanes.SetItem(granted.LaneOf(), new LaneState(true, granted.OccurredAt, place, granted.PolicyVersion, granted.Text)) },

        // A withdrawal counts from where it is recorded. A clock that runs ahead must not keep a later change of mind out.
        ConsentWithdrawn withdrawn => this with
        {
            Lanes = Lanes.SetItem(withdrawn.LaneOf(), new LaneState(
                false, withdrawn.OccurredAt < place.RecordedAt ? withdrawn.OccurredAt : place.RecordedAt, place, withdrawn.PolicyVersion, null)),
        },
        ErasureStarted => this with { Erasure = Erasure.Started },

        // Nothing remains to decide on: an erased person gave no consent, and asking again starts a new stream.
        SubjectErased => new SubjectConsents(ImmutableDictionary<Lane, LaneState>.Empty, Erasure.Done),
        _ => this,
    };

    /// <summary>Only the subject's own act, dated after the withdrawal, undoes it: no import and no late message does.</summary>
    public bool Prevails(Lane lane, Actor actor, DateTimeOffset occurredAt) =>
        !Lanes.TryGetValue(lane, out var state) || state.Given || (actor is Actor.Subject or Actor.Guardian && occurredAt > state.OccurredAt);
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
}
