using System.Collections.Immutable;

namespace ConsentLedger.MarketingPreference.Preferences;

/// <summary>What is chosen separately: a topic, over a channel.</summary>
public readonly record struct Lane(string Topic, string Channel);

/// <param name="EndedConsent">Closed together with the consent it rested on, so that a new consent opens it again.</param>
/// <param name="OccurredAt">When the act that counts was done, as its sender claims.</param>
/// <param name="Place">Where the event lies on which this rests.</param>
public sealed record LaneState(bool IsOpen, Cause Cause, bool EndedConsent, DateTimeOffset OccurredAt, EventPlace Place);

/// <summary>Everything one subject's stream says about what to send. A lane that is not in it was never asked for.</summary>
public sealed record SubjectPreferences(ImmutableDictionary<Lane, LaneState> Lanes, ConsentMirror Consents, bool IsErased)
{
    /// <summary>The links to confirm that were made, the newest last, as far back as the limit looks.</summary>
    public ImmutableList<(string Purpose, string? Channel, string? Recipient, DateTimeOffset At)> ConfirmationLinks { get; private init; } = [];

    public static readonly SubjectPreferences Unknown = new(ImmutableDictionary<Lane, LaneState>.Empty, ConsentMirror.Empty, IsErased: false);

    public static readonly StreamType<SubjectPreferences> Stream = new(Unknown, (state, e, place) => state.Evolve(e, place));

    public LaneState? Find(string topic, string channel) => Lanes.GetValueOrDefault(new Lane(topic, channel));

    private SubjectPreferences Evolve(object e, EventPlace place) => e switch
    {
        Subscribed s => With(s.Topic, s.Channel, new LaneState(true, s.Cause, false, s.OccurredAt, place)),

        // It counts from where it is recorded. A clock that runs ahead must not keep a later change of mind out.
        Unsubscribed u => With(u.Topic, u.Channel, new LaneState(
            false, u.Cause, u.WithdrawsConsent || u.Cause is Cause.ConsentWithdrawn or Cause.ConsentExpired, u.OccurredAt < place.RecordedAt ? u.OccurredAt : place.RecordedAt, place)),
        ConsentFollowed followed => this with { Consents = Consents.Follow(followed) },
        ConfirmationLinkMade made => this with
        {
            ConfirmationLinks = [.. ConfirmationLinks.TakeLast(Confirming.MakeConfirmationLink.MostForAll - 1), (made.Purpose, made.Channel, made.Recipient, place.RecordedAt)],
        },
        ErasureStarted => this with { IsErased = true },

        // Nothing remains to decide on; a person who comes back gets a new stream.
        SubjectErased => Unknown with { IsErased = true },
        _ => this,
    };

    private SubjectPreferences With(string topic, string channel, LaneState state) => this with { Lanes = Lanes.SetItem(new Lane(topic, channel), state) };
}
