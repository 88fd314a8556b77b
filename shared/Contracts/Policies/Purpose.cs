namespace ConsentLedger.Contracts.Policies;

/// <summary>One thing that data is used for, and everything a decision about it needs (GDPR art. 5(1)(b), 13(1)(c)).</summary>
public sealed record Purpose
{
    /// <summary>The days that a consent waits to be confirmed, where the policy does not say.</summary>
    public const int UsualDaysToConfirm = 7;

    public required string Id { get; init; }

    /// <summary>By locale.</summary>
    public required IReadOnlyDictionary<string, string> Title { get; init; }

    /// <summary>By locale.</summary>
    public IReadOnlyDictionary<string, string>? Description { get; init; }

    /// <summary>At least one, unless the tenant is the processor: then the bases are its instructor's.</summary>
    public IReadOnlyList<PurposeBasis> Bases { get; init; } = [];

    /// <summary>Data category ids.</summary>
    public required IReadOnlyList<string> Data { get; init; }

    /// <summary>Empty for what involves no communication.</summary>
    public required IReadOnlyList<string> Channels { get; init; }

    /// <summary>Recipient ids beside <see cref="PolicyPack.ControllerRecipient"/>, which every purpose reaches.</summary>
    public IReadOnlyList<string> Recipients { get; init; } = [];

    /// <summary>Transfer ids (GDPR art. 44).</summary>
    public IReadOnlyList<string> Transfers { get; init; } = [];

    /// <summary>Whom the purpose is confined to; empty for everybody.</summary>
    public IReadOnlyList<string> SubjectCategories { get; init; } = [];

    /// <summary>Direct marketing: an objection needs no reason and takes effect at once (GDPR art. 21(2) and (3)).</summary>
    public bool Marketing { get; init; }

    /// <summary>GDPR art. 4(4).</summary>
    public bool Profiling { get; init; }

    /// <summary>Consent has to be an act of its own: neither silence, nor an opt-out regime, nor a wider consent stands for it.</summary>
    public bool Express { get; init; }

    /// <summary>Goes on while processing is restricted: storage and legal claims (GDPR art. 18(2)).</summary>
    public bool StandsUnderRestriction { get; init; }

    public required Retention Retention { get; init; }

    /// <summary>What is put to the subject, by id and locale. A grant keeps the id, the locale and the hash of what was shown.</summary>
    public IReadOnlyList<ConsentText> ConsentTexts { get; init; } = [];

    /// <summary>Calendar months that a consent stands, counted from the act; null where it stands until it is withdrawn.</summary>
    public int? ValidMonths { get; init; }

    /// <summary>Days that a consent waits for its confirmation (double opt-in) before it lapses; null where the policy does not say.</summary>
    public int? ConfirmWithinDays { get; init; }

    /// <summary>A consent counts only once it is confirmed, however it was reported; null where one step may be enough.</summary>
    public DoubleOptIn? DoubleOptIn { get; init; }

    public Role Role { get; init; }

    /// <summary>Whose instructions a processor follows; requests about this purpose are forwarded there (GDPR art. 28(3)).</summary>
    public string? InstructedBy { get; init; }

    public bool RestsOn(LawfulBasis basis) => Bases.Any(b => b.Basis == basis);

    public bool Reaches(string recipient) => recipient == PolicyPack.ControllerRecipient || Recipients.Contains(recipient);

    public bool Concerns(string subjectCategory) => SubjectCategories.Count == 0 || SubjectCategories.Contains(subjectCategory);

    /// <summary>Whether a consent over this channel counts only once it is confirmed.</summary>
    public bool AsksTwice(string? channel) => DoubleOptIn is { } twice && (channel is null || twice.Channels.Count == 0 || twice.Channels.Contains(channel));

    /// <summary>How long a pending consent waits, where the caller or the policy asks for a confirmation.</summary>
    public int DaysToConfirm() => ConfirmWithinDays ?? UsualDaysToConfirm;

    public ConsentText? FindText(string id, string locale) => ConsentTexts.FirstOrDefault(t => t.Id == id && t.Locale == locale);
}

/// <summary>Whoever reads what is sent to an address has to say yes as well: only then it is shown that the consent is theirs (GDPR art. 7(1)).</summary>
public sealed record DoubleOptIn
{
    /// <summary>The purpose's channels that it is confined to; empty for all, and for a purpose that has none.</summary>
    public IReadOnlyList<string> Channels { get; init; } = [];
}

/// <summary>A lawful basis and what it rests on in turn.</summary>
public sealed record PurposeBasis
{
    public required LawfulBasis Basis { get; init; }

    /// <summary>The interest pursued, named wherever <see cref="LawfulBasis.LegitimateInterests"/> is the basis (GDPR art. 13(1)(d)).</summary>
    public string? Interest { get; init; }
}

/// <summary>GDPR art. 6(1), (a) to (f).</summary>
public enum LawfulBasis
{
    Consent,
    Contract,
    LegalObligation,
    VitalInterests,
    PublicTask,
    LegitimateInterests,
}

/// <summary>How long data is kept for a purpose (GDPR art. 5(1)(e)).</summary>
public sealed record Retention
{
    /// <summary>A century: longer is no limit, and dates that far off overflow.</summary>
    public const int MaxFurtherMonths = 1200;

    public required RetentionEnd Until { get; init; }

    /// <summary>Calendar months kept beyond <see cref="Until"/>.</summary>
    public int? FurtherMonths { get; init; }

    /// <summary>An erasure passes this purpose by and says why (GDPR art. 17(3)).</summary>
    public bool SurvivesErasure { get; init; }

    /// <summary>Goes into the erasure certificate.</summary>
    public string? Reason { get; init; }
}

/// <summary>The event that ends a retention.</summary>
public enum RetentionEnd
{
    PurposeFulfilled,
    ContractEnded,
    ConsentWithdrawn,
    ObligationEnded,
    ServiceTerminated,
}
