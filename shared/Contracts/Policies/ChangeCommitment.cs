namespace ConsentLedger.Contracts.Policies;

/// <summary>What happens to consents when the policy changes, and what this version changed.</summary>
public sealed record ChangeCommitment
{
    /// <summary>Channels that a change is announced by.</summary>
    public IReadOnlyList<string> AnnouncedBy { get; init; } = [];

    /// <summary>The purposes that this version changes in substance: consents given under older versions need renewal, all others stand.</summary>
    public IReadOnlyList<MaterialChange> Material { get; init; } = [];

    public bool IsMaterialFor(string purpose) => Material.Any(m => m.Purpose == purpose);
}

public sealed record MaterialChange
{
    public required string Purpose { get; init; }

    /// <summary>What changed, for the announcement. By locale.</summary>
    public required IReadOnlyDictionary<string, string> Summary { get; init; }
}

/// <summary>The policy is agreed to, or the service is not used.</summary>
public sealed record TermsAcceptance
{
    /// <summary>The first version has to be agreed to before anything else.</summary>
    public required bool BeforeUse { get; init; }

    /// <summary>A revised version has to be agreed to for the use to go on.</summary>
    public required bool OnRevision { get; init; }

    /// <summary>A decline is respected and recorded.</summary>
    public required bool MayDecline { get; init; }
}
