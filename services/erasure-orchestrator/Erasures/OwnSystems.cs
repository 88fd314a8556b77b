namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <summary>Our own systems that hold something about a person, by the names that tasks carry. No processor of a tenant may have one of these.</summary>
public static class OwnSystems
{
    public const string Consent = "consent";
    public const string MarketingPreference = "marketing-preference";

    /// <summary>The consent service once more, for the withdrawals that go before an erasure of everything.</summary>
    public const string Withdrawals = "consent-withdrawals";

    /// <summary>The consent service once more, for the addresses by which processors know a person, and which it destroys.</summary>
    public const string Addresses = "consent-addresses";

    private const string SourcePrefix = "https://consentledger/";

    /// <summary>Those that erase.</summary>
    public static IReadOnlyList<string> All { get; } = [Consent, MarketingPreference];

    public static bool Has(string id) => id is Consent or MarketingPreference or Withdrawals or Addresses;

    /// <summary>The system that a message's <c>source</c> names, or null where it is none of them.</summary>
    public static string? OfSource(string source) => All.FirstOrDefault(system => source == SourcePrefix + system);
}
