namespace ConsentLedger.Contracts.Policies;

/// <summary>What happens on a site or in a mail without being typed in, and what browsers' signals do about it.</summary>
public sealed record TrackingStance
{
    public required IReadOnlyList<TrackingTechnology> Technologies { get; init; }

    /// <summary>The purposes that tracking serves, and that an honoured signal objects to.</summary>
    public required IReadOnlyList<string> Purposes { get; init; }

    /// <summary>Visitors are told when they arrive.</summary>
    public bool NoticeOnArrival { get; init; }

    public SignalStance DoNotTrack { get; init; }

    /// <summary><c>Sec-GPC: 1</c>. Its absence means nothing.</summary>
    public SignalStance GlobalPrivacyControl { get; init; }

    /// <summary>Where an honoured signal counts (GDPR art. 21(5), CCPA regulations § 7025); empty for everywhere.</summary>
    public IReadOnlyList<string> HonouredIn { get; init; } = [];

    public bool HonoursPrivacyControl(string? jurisdiction) =>
        GlobalPrivacyControl == SignalStance.Objection
        && (HonouredIn.Count == 0 || Jurisdictions.Around(jurisdiction).Any(HonouredIn.Contains));
}

public enum TrackingTechnology
{
    Cookies,
    WebBeacons,
    PixelTags,
    AdvertisingIdentifiers,
}

public enum SignalStance
{
    /// <summary>The policy does not say: nothing is done.</summary>
    Unstated,

    Ignored,

    /// <summary>An objection by automated means.</summary>
    Objection,
}
