using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.Sending;

/// <summary>How a person stands to a topic over a channel, as far as this service's streams go.</summary>
/// <param name="Position">Of the event that it rests on; -1 where there is none.</param>
public readonly record struct Standing(StandingKind Kind, long Position)
{
    public static readonly Standing NeverAsked = new(StandingKind.NeverAsked, -1);

    public long? Place => Position < 0 ? null : Position;

    /// <summary>As far as this one stream goes.</summary>
    public static Standing Of(SubjectPreferences subject, string topic, string channel) => subject switch
    {
        { IsErased: true } => new(StandingKind.Erased, -1),
        _ when subject.Find(topic, channel) is { } lane => new(lane.IsOpen ? StandingKind.Subscribed : StandingKind.Left, lane.Place.Position),
        _ => NeverAsked,
    };

    /// <summary>What was left under one id is left under all, until the person comes back under the id that is asked about.</summary>
    /// <param name="person">The subject asked about, and after it the others who are the same person.</param>
    public static Standing Of(IReadOnlyList<SubjectPreferences> person, string topic, string channel)
    {
        var own = Of(person[0], topic, channel);
        if (person.Count == 1) return own;
        if (person.Any(p => p.IsErased)) return new(StandingKind.Erased, -1);
        if (person.Count > SubjectPreferences.MostIds) return new(StandingKind.TooManyIds, -1);
        if (own.Kind == StandingKind.Left) return own;
        var yes = person[0].Find(topic, channel);
        var no = person.Skip(1).Select(p => p.Find(topic, channel)).Where(lane => lane?.ClosesOthers == true && yes?.Undoes(lane) != true).MaxBy(lane => lane!.Place.Position);
        return no is null ? own : new(StandingKind.Left, no.Place.Position);
    }
}

public enum StandingKind : byte
{
    NeverAsked,
    Subscribed,
    Left,

    /// <summary>Or about to be.</summary>
    Erased,

    /// <summary>More than their own stream says: they are or were one person with others.</summary>
    OfSeveral,
    TooManyIds,
}
