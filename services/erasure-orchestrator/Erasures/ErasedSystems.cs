namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <summary>The systems that hold something about a person, by the names that tasks carry.</summary>
public static class ErasedSystems
{
    public const string Consent = "consent";
    public const string MarketingPreference = "marketing-preference";

    private const string SourcePrefix = "https://consentledger/";

    public static IReadOnlyList<string> All { get; } = [Consent, MarketingPreference];

    /// <summary>The system that a message's <c>source</c> names, or null where it is none of them.</summary>
    public static string? OfSource(string source) => All.FirstOrDefault(system => source == SourcePrefix + system);
}
