namespace ConsentLedger.Contracts.Policies;

/// <summary>One line of the preference centre: a kind of message, which may be chosen per channel.</summary>
/// <remarks>Where its purpose rests on consent and is marketing, leaving the topic withdraws that consent.</remarks>
public sealed record Topic
{
    public required string Id { get; init; }

    public required string Purpose { get; init; }

    public required MessageClass MessageClass { get; init; }

    /// <summary>Some or all of the purpose's channels.</summary>
    public required IReadOnlyList<string> Channels { get; init; }

    /// <summary>By locale.</summary>
    public required IReadOnlyDictionary<string, string> Title { get; init; }

    /// <summary>By locale.</summary>
    public IReadOnlyDictionary<string, string>? Description { get; init; }

    /// <summary>Absent where the policy does not say how often.</summary>
    public FrequencyCap? Cap { get; init; }
}

/// <summary>What may stop a message.</summary>
public enum MessageClass
{
    /// <summary>Needs its basis, bears an unsubscribe link (RFC 8058) and stops at once.</summary>
    Marketing,

    /// <summary>About a service in use: unsubscribing stops it, nothing needs to be granted first.</summary>
    Service,

    /// <summary>Part of a contract or owed by law: unsubscribing does not stop it.</summary>
    Transactional,
}
