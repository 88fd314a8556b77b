namespace ConsentLedger.Contracts.Policies;

/// <summary>A ground for using data beyond the declared purposes. Whoever relies on one names it, and that is recorded.</summary>
public enum LimitationException
{
    RelatedPurpose,
    Contract,
    LegalObligation,
    LegalClaim,
    FraudPrevention,
}

/// <summary>A handing out of data that the subject has no say in. Each is an event in the subject's stream.</summary>
public sealed record Disclosure
{
    public required DisclosureGround Ground { get; init; }

    /// <summary>The purpose it is decided under, which names the recipients.</summary>
    public required string Purpose { get; init; }
}

public enum DisclosureGround
{
    LegalProcess,
    AuthorityRequest,
    FraudPrevention,
    Safety,
    RightsDefence,
    NationalSecurity,
}

/// <summary>Data passes to whoever takes the business over.</summary>
public sealed record HandOverCommitment
{
    public required string Purpose { get; init; }

    public required IReadOnlyList<HandOverCause> Causes { get; init; }
}

public enum HandOverCause
{
    Merger,
    Acquisition,
    Sale,
    Reorganisation,
}

/// <summary>Those affected by a breach are told (GDPR art. 34).</summary>
public sealed record BreachCommitment
{
    /// <summary>The purpose that the notice is sent under.</summary>
    public required string Purpose { get; init; }
}
