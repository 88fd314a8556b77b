namespace ConsentLedger.Contracts.Policies;

/// <summary>Data leaving for another country (GDPR art. 44 to 49).</summary>
public sealed record Transfer
{
    public required string Id { get; init; }

    /// <summary>ISO 3166-1 alpha-2, <c>EU</c>, <c>APEC</c>, or <c>*</c> for wherever the controller or its recipients are.</summary>
    public required IReadOnlyList<string> Destinations { get; init; }

    public required Safeguard Safeguard { get; init; }

    /// <summary>Recipient ids.</summary>
    public IReadOnlyList<string> Recipients { get; init; } = [];

    /// <summary>The consent purpose that has to be in force where <see cref="Safeguard.Consent"/> is the safeguard.</summary>
    public string? Purpose { get; init; }
}

public enum Safeguard
{
    /// <summary>Standard contractual clauses, GDPR art. 46(2)(c).</summary>
    Scc,

    /// <summary>GDPR art. 45.</summary>
    Adequacy,

    /// <summary>APEC Cross-Border Privacy Rules.</summary>
    Cbpr,

    /// <summary>EU-US Privacy Shield: no safeguard since 16 July 2020 (CJEU C-311/18), but what an older policy names.</summary>
    PrivacyShield,

    /// <summary>GDPR art. 49(1)(a).</summary>
    Consent,

    /// <summary>Other undertakings of the recipient, GDPR art. 46(3)(a).</summary>
    Contractual,
}
