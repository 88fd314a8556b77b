namespace ConsentLedger.Consent.Consents.Reading;

/// <summary>Two clocks to turn back: what was in force at one time, as it was known at another.</summary>
/// <param name="AsOf">Acts done after this moment are left out, by their own date.</param>
/// <param name="KnownAt">Events recorded after this moment are left out, by ours.</param>
public sealed record Replay(DateTimeOffset? AsOf, DateTimeOffset? KnownAt)
{
    /// <summary>The last moment that both clocks allow, or null where neither is turned back.</summary>
    public DateTimeOffset? Latest => KnownAt is { } known && AsOf is { } asOf ? (known < asOf ? known : asOf) : KnownAt ?? AsOf;

    public bool Includes(StoredEvent e, object facts) => Includes(e.Place, facts);

    /// <summary>Reads the facts only where the clock that they are held against was turned.</summary>
    public bool Includes(StoredEvent e, StateReader reader) => Includes(e.Place, AsOf is null ? null : reader.Facts(e));

    /// <param name="facts">Null where they were purged; then only the time of recording is left.</param>
    public bool Includes(EventPlace place, object? facts) => (KnownAt is not { } known || place.RecordedAt <= known) && (AsOf is not { } asOf || DoneAt(facts, place) <= asOf);

    /// <summary>When what an event tells was done, by the date that counts for it.</summary>
    public static DateTimeOffset DoneAt(object? facts, EventPlace place) => facts switch
    {
        ConsentGranted or ConsentPending or ConsentConfirmed or ConsentAsked => ((IAct)facts).OccurredAt,

        // What restricts is there when it is recorded, whatever it claims: an auditor who asks for that very moment is told of it.
        IAct act => act.OccurredAt < place.RecordedAt ? act.OccurredAt : place.RecordedAt,
        _ => place.RecordedAt,
    };
}
