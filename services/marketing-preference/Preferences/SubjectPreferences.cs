using System.Collections.Immutable;

namespace ConsentLedger.MarketingPreference.Preferences;

/// <summary>What is chosen separately: a topic, over a channel.</summary>
public readonly record struct Lane(string Topic, string Channel);

/// <param name="EndedConsent">Closed together with the consent it rested on, so that a new consent opens it again.</param>
/// <param name="OccurredAt">When the act that counts was done, as its sender claims.</param>
/// <param name="IsRepeated">The person said no once more, when it was closed already.</param>
/// <param name="Place">Where the event lies on which this rests.</param>
public sealed record LaneState(bool IsOpen, Cause Cause, Actor Actor, string Method, bool EndedConsent, DateTimeOffset OccurredAt, EventPlace Place, bool IsRepeated = false)
{
    /// <summary>
    /// Whether it closes the lane under the person's other ids, too. What consent was heard to have ended does not: there all ids are looked at, and a consent that ran out under one may stand under
    /// another.
    /// </summary>
    public bool ClosesOthers => !IsOpen && Cause is not (Cause.ConsentWithdrawn or Cause.ConsentExpired);

    /// <summary>
    /// Whether this yes opens what was left under another id: the person's own, done later than the no and recorded after it. A consent opens what ended with one or with an objection, as under one
    /// id; and what is only taken back is again as it was.
    /// </summary>
    public bool Undoes(LaneState no) =>
        IsOpen && Actor is Actor.Subject or Actor.Guardian && OccurredAt > no.OccurredAt && Place.Position > no.Place.Position
        && (Cause is Cause.Preference or Cause.PreferenceCentre || (Cause == Cause.ConsentGranted && (no.EndedConsent || no.Cause == Cause.Objected)));
}

/// <summary>Everything one subject's stream says about what to send. A lane that is not in it was never asked for.</summary>
public sealed record SubjectPreferences(ImmutableDictionary<Lane, LaneState> Lanes, ConsentMirror Consents, bool IsErased)
{
    /// <summary>The links to confirm that were made, the newest last, as far back as the limit looks.</summary>
    public ImmutableList<(string Purpose, string? Channel, string? Recipient, DateTimeOffset At)> ConfirmationLinks { get; private init; } = [];

    /// <summary>The erasure that was last reported as done, and when.</summary>
    public (Guid Request, DateTimeOffset At)? Answered { get; private init; }

    /// <summary>The subjects who are the same person, as far as was heard.</summary>
    public ImmutableHashSet<StreamId> Others { get; private init; } = [];

    /// <summary>More ids than one person has, as the consent service has it too.</summary>
    public const int MostIds = 17;

    /// <summary>How long the same no is a second press of the same button.</summary>
    public static readonly TimeSpan DoublePress = TimeSpan.FromMinutes(1);

    public static readonly SubjectPreferences Unknown = new(ImmutableDictionary<Lane, LaneState>.Empty, ConsentMirror.Empty, IsErased: false);

    public static readonly StreamType<SubjectPreferences> Stream = new(Unknown, (state, e, place) => state.Evolve(e, place));

    public LaneState? Find(string topic, string channel) => Lanes.GetValueOrDefault(new Lane(topic, channel));

    /// <summary>
    /// Whether a no adds nothing to the one that stands. A later one is recorded for its own moment, wherever it is said: a yes from in between, which may still be on its way, is not to
    /// come after it. Nor is one from in between under another of the person's ids, which is not seen from here.
    /// </summary>
    public bool HasLeft(string topic, string channel, DateTimeOffset occurredAt, DateTimeOffset now) =>
        Others.IsEmpty && Find(topic, channel) is { IsOpen: false } lane && EventPlace.HeardAt(occurredAt, now) <= lane.OccurredAt + DoublePress;

    /// <summary>Whether a yes adds nothing to the one that stands. The person's own later one does where they have other ids: under one of them the topic may have been left.</summary>
    public bool HasJoined(string topic, string channel, Actor actor, DateTimeOffset occurredAt) =>
        Find(topic, channel) is { IsOpen: true } lane && (Others.IsEmpty || actor is not (Actor.Subject or Actor.Guardian) || occurredAt <= lane.OccurredAt);

    /// <summary>The subject first, and after it all that ties connect it with, as far as their states are known.</summary>
    public static IReadOnlyList<StreamId> IdsOf(StreamId subject, IReadOnlyDictionary<StreamId, SubjectPreferences> states)
    {
        var known = new List<StreamId> { subject };
        for (var i = 0; i < known.Count && known.Count <= MostIds; i++)
            if (states.TryGetValue(known[i], out var state)) known.AddRange(state.Others.Where(o => !known.Contains(o)));
        return known;
    }

    private SubjectPreferences Evolve(object e, EventPlace place) => e switch
    {
        Subscribed s => With(s.Topic, s.Channel, new LaneState(true, s.Cause, s.Actor, s.Method, false, s.OccurredAt, place)),

        Unsubscribed u => With(u.Topic, u.Channel, Closed(u, Find(u.Topic, u.Channel), place)),
        ConsentFollowed followed => this with { Consents = Consents.Follow(followed), Others = Tied(followed.Tie) },
        ConfirmationLinkMade made => this with
        {
            ConfirmationLinks = [.. ConfirmationLinks.TakeLast(Confirming.MakeConfirmationLink.MostForAll - 1), (made.Purpose, made.Channel, made.Recipient, place.RecordedAt)],
        },
        ErasureStarted => this with { IsErased = true },

        // Nothing remains to decide on; a person who comes back gets a new stream. Who else is the same person stays known: they are not to be heard of again under another id.
        SubjectErased erased => Unknown with { IsErased = true, Others = Others, Answered = (erased.Request, place.RecordedAt) },
        _ => this,
    };

    private ImmutableHashSet<StreamId> Tied(Tie? tie) => tie switch
    {
        null => Others,
        { IsOne: true } => Others.Add(new StreamId(tie.Other)),
        _ => Others.Remove(new StreamId(tie.Other)),
    };

    private static LaneState Closed(Unsubscribed u, LaneState? before, EventPlace place)
    {
        // What was left while the consent stood stays left, and does so however often it is said.
        var staysLeft = before is { IsOpen: false, EndedConsent: false, Cause: not Cause.Objected };

        // One that comes again, dated before the one that stands, takes nothing from it.
        var at = place.HeardAt(u.OccurredAt);
        if (before is { IsOpen: false } && before.OccurredAt > at) at = before.OccurredAt;
        return new LaneState(
            false, u.Cause, u.Actor, u.Method, !staysLeft && (u.WithdrawsConsent || u.Cause is Cause.ConsentWithdrawn or Cause.ConsentExpired), at, place,
            IsRepeated: before is { IsOpen: false });
    }

    private SubjectPreferences With(string topic, string channel, LaneState state) => this with { Lanes = Lanes.SetItem(new Lane(topic, channel), state) };
}
