namespace ConsentLedger.Contracts.Policies;

/// <summary>A kind of personal data, with what the policy counts under it (GDPR art. 14(1)(d)).</summary>
public sealed record DataCategory
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public IReadOnlyList<string> Items { get; init; } = [];
}

/// <summary>A place that data comes from.</summary>
public sealed record DataSource
{
    public required string Id { get; init; }

    public required string Name { get; init; }
}
