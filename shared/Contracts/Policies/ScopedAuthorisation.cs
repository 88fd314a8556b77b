namespace ConsentLedger.Contracts.Policies;

/// <summary>Access to the subject's account elsewhere, granted and revoked like a consent, scope by scope.</summary>
public sealed record ScopedAuthorisation
{
    public required string Provider { get; init; }

    public required string Name { get; init; }

    /// <summary>The consent purpose that the authorisation is recorded under.</summary>
    public required string Purpose { get; init; }

    /// <summary>The most that may be granted, such as <c>calendar.events.write</c>.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }
}
