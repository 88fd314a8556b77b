namespace ConsentLedger.Contracts.Policies;

/// <summary>A change in substance of a purpose that rests on consent.</summary>
public sealed record MaterialFinding(string Purpose, MaterialRule Rule, PackChange Change);

/// <summary>What a version of a policy changes, and for which purposes it does so in substance.</summary>
public sealed record PackDiff(string From, string To, IReadOnlyList<PackChange> Changes, IReadOnlyList<MaterialFinding> Material)
{
    public static PackDiff Between(PolicyPack older, PolicyPack newer)
    {
        PackChange[] changes = [.. PackChanges.Between(older, newer)];
        return new(older.Version, newer.Version, changes, [.. Materiality.Find(older, newer, changes)]);
    }

    /// <summary>In the order of the pack.</summary>
    public IReadOnlyList<string> MaterialPurposes => [.. Material.Select(m => m.Purpose).Distinct()];
}
