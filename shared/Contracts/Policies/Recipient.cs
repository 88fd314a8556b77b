namespace ConsentLedger.Contracts.Policies;

/// <summary>Somebody, or a kind of somebody, who receives data to use it (GDPR art. 4(9), 13(1)(e)).</summary>
public sealed record Recipient
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required RecipientKind Kind { get; init; }

    /// <summary>What the recipient has undertaken.</summary>
    public string? BoundBy { get; init; }

    /// <summary>Told when a consent ends, data is corrected or erased (GDPR art. 19).</summary>
    public bool ToldOfWithdrawal { get; init; }
}

public enum RecipientKind
{
    Controller,
    Affiliate,
    Partner,
    Advertiser,
    Platform,
    Adviser,
    Authority,
    Successor,
    Public,
}
