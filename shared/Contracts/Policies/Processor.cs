namespace ConsentLedger.Contracts.Policies;

/// <summary>Somebody who handles data on the controller's behalf (GDPR art. 28).</summary>
public sealed record Processor
{
    public required string Id { get; init; }

    /// <summary>A description where the policy names none.</summary>
    public required string Name { get; init; }

    public required IReadOnlyList<string> Purposes { get; init; }

    /// <summary>Data category ids.</summary>
    public required IReadOnlyList<string> Data { get; init; }

    /// <summary>ISO 3166-1 alpha-2; empty where the policy does not say.</summary>
    public IReadOnlyList<string> Places { get; init; } = [];

    /// <summary>A transfer id, where data leaves for it.</summary>
    public string? Transfer { get; init; }

    public Safeguard? Safeguard { get; init; }

    public string? PolicyUrl { get; init; }

    /// <summary>The processor has a way out of its own, even where the policy gives no address for it.</summary>
    public bool OffersWithdrawal { get; init; }

    public string? WithdrawalUrl { get; init; }
}
