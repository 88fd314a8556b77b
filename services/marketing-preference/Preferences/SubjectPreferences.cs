using System.Collections.Immutable;

namespace ConsentLedger.MarketingPreference.Preferences;

/// <summary>What is chosen separately: a topic, over a channel.</summary>
public readonly record struct Lane(string Topic, string Channel);

/// <param name="EndedConsent">Closed together with the consent it rested on, so that a new consent opens it again.</param>
/// <param name="OccurredAt">When the act that counts was done, as its sender claims.</param>
/// <param name="IsRepeated">The person said no once more, when it was closed already.</param>
/// <param name="Place">Where the event lies on which this rests.</param>
public sealed record LaneState(bool IsOpen, Cause Cause, Actor Actor, string Method, bool EndedConsent, DateTimeOffset OccurredAt, EventPlace Place, bool IsRepeated = false);

/// <summary>Everything one subject's stream says about what to send. A lane that is not in it was never asked for.</summary>
public sealed record SubjectPreferences(ImmutableDictionary<Lane, LaneState> Lanes, ConsentMirror Consents, bool IsErased)
{
    /// <summary>The links to confirm that were made, the newest last, as far back as the limit looks.</summary>
    public ImmutableList<(string Purpose, string? Channel, string? Recipient, DateTimeOffset At)> ConfirmationLinks { get; private init; } = [];

    /// <summary>The erasure that was last reported as done, and when.</summary>
    public (Guid Request, DateTimeOffset At)? Answered { get; private init; }

    /// <summary>How long the same no is a second press of the same button.</summary>
    public static readonly TimeSpan DoublePress = TimeSpan.FromMinutes(1);

    public static readonly SubjectPreferences Unknown = new(ImmutableDictionary<Lane, LaneState>.Empty, ConsentMirror.Empty, IsErased: false);

    public static readonly StreamType<SubjectPreferences> Stream = new(Unknown, (state, e, place) => state.Evolve(e, place));

    public LaneState? Find(string topic, string channel) => Lanes.GetValueOrDefault(new Lane(topic, channel));

    /// <summary>
    /// Whether a no adds nothing to the one that stands. A later one is recorded for its own moment, wherever it is said: a yes from in between, which may still be on its way, is not to
    /// come after it.
    /// </summary>
    public bool HasLeft(string topic, string channel, DateTimeOffset occurredAt, DateTimeOffset now) =>
        Find(topic, channel) is { IsOpen: false } lane && EventPlace.HeardAt(occurredAt, now) <= lane.OccurredAt + DoublePress;

    private SubjectPreferences Evolve(object e, EventPlace place) => e switch
    {
        Subscribed s => With(s.Topic, s.Channel, new LaneState(true, s.Cause, s.Actor, s.Method, false, s.OccurredAt, place)),

        Unsubscribed u => With(u.Topic, u.Channel, Closed(u, Find(u.Topic, u.Channel), place)),
        ConsentFollowed followed => this with { Consents = Consents.Follow(followed) },
        ConfirmationLinkMade made => this with
        {
            ConfirmationLinks = [.. ConfirmationLinks.TakeLast(Confirming.MakeConfirmationLink.MostForAll - 1), (made.Purpose, made.Channel, made.Recipient, place.RecordedAt)],
        },
        ErasureStarted => this with { IsErased = true },

        // Nothing remains to decide on; a person who comes back gets a new stream.
        SubjectErased erased => Unknown with { IsErased = true, Answered = (erased.Request, place.RecordedAt) },
        _ => this,
    };

    private static LaneState Closed(Unsubscribed u, LaneState? before, EventPlace place)
    {
        // What was left while the consent stood stays left, and does so however often it is said.
        var staysLeft = before is { IsOpen: false, EndedConsent: false, Cause: not Cause.Objected };
        return new LaneState(
            false, u.Cause, u.Actor, u.Method, !staysLeft && (u.WithdrawsConsent || u.Cause is Cause.ConsentWithdrawn or Cause.ConsentExpired), place.HeardAt(u.OccurredAt), place,
            IsRepeated: before is { IsOpen: false });
    }

    private SubjectPreferences With(string topic, string channel, LaneState state) => this with { Lanes = Lanes.SetItem(new Lane(topic, channel), state) };
}
