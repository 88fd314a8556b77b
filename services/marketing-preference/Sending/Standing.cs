using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.Sending;

/// <summary>How a person stands to a topic over a channel, as far as their own stream goes.</summary>
/// <param name="Position">Of the event that it rests on; -1 where there is none.</param>
public readonly record struct Standing(StandingKind Kind, long Position)
{
    public static readonly Standing NeverAsked = new(StandingKind.NeverAsked, -1);

    public long? Place => Position < 0 ? null : Position;

    public static Standing Of(SubjectPreferences subject, string topic, string channel) => subject switch
    {
        { IsErased: true } => new(StandingKind.Erased, -1),
        _ when subject.Find(topic, channel) is { } lane => new(lane.IsOpen ? StandingKind.Subscribed : StandingKind.Left, lane.Place.Position),
        _ => NeverAsked,
    };
}

public enum StandingKind : byte
{
    NeverAsked,
    Subscribed,
    Left,

    /// <summary>Or about to be.</summary>
    Erased,
}
