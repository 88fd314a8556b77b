namespace ConsentLedger.Contracts.Policies;

/// <summary>Consent of the young (GDPR art. 8).</summary>
public sealed record ChildrenCommitment
{
    /// <summary>Whether the service addresses children.</summary>
    public bool Targeted { get; init; }

    /// <summary>A guardian may consent in place of those too young. False: their consent is refused.</summary>
    public bool GuardianConsent { get; init; }

    /// <summary>The age, in years, at which a guardian's consent has to be affirmed by the subject.</summary>
    public required int MajorityYears { get; init; }

    public required IReadOnlyList<AgeOfConsent> Ages { get; init; }

    /// <summary>The age, in years, from which a subject consents alone: the highest of all where the jurisdiction is not known.</summary>
    public int AgeFor(string? jurisdiction) =>
        Jurisdictions.Closest(Ages, a => a.Jurisdiction, jurisdiction)?.Years ?? Ages.Select(a => a.Years).DefaultIfEmpty(MajorityYears).Max();
}

public sealed record AgeOfConsent
{
    public required string Jurisdiction { get; init; }

    public required int Years { get; init; }
}
