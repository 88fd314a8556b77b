using System.Collections.Frozen;

namespace ConsentLedger.Contracts.Policies;

/// <summary>Whether silence may be taken for a yes.</summary>
public enum Regime
{
    /// <summary>Nothing without a consent.</summary>
    OptIn,

    /// <summary>Until the subject objects. Absence of a record is still "unknown", never consent.</summary>
    OptOut,
}

/// <summary>The regime of one jurisdiction; <c>*</c> is any known jurisdiction without an entry of its own.</summary>
public sealed record JurisdictionRegime
{
    public required string Jurisdiction { get; init; }

    public required Regime Regime { get; init; }

    public string? Law { get; init; }
}

/// <summary>Finds what applies to a place: the place itself, its country, the groups it belongs to (the EU with the EEA, APEC), then anywhere.</summary>
public static class Jurisdictions
{
    public const string Eu = "EU";
    public const string Apec = "APEC";
    public const string Anywhere = "*";

    private static readonly FrozenSet<string> EuropeanEconomicArea = FrozenSet.Create(
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU",
        "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK", "EEA");

    private static readonly FrozenSet<string> AsiaPacificEconomicCooperation = FrozenSet.Create(
        "AU", "BN", "CA", "CL", "CN", "HK", "ID", "JP", "KR", "MX", "MY", "NZ", "PE", "PG", "PH", "RU", "SG", "TH", "TW", "US", "VN");

    /// <summary>From the narrowest to the widest; nothing for an unknown jurisdiction.</summary>
    public static IEnumerable<string> Around(string? jurisdiction)
    {
        if (string.IsNullOrWhiteSpace(jurisdiction))
            yield break;

        var place = jurisdiction.Trim().ToUpperInvariant();
        yield return place;

        var country = place.Split('-')[0];
        if (country != place)
            yield return country;
        if (EuropeanEconomicArea.Contains(country))
            yield return Eu;
        if (AsiaPacificEconomicCooperation.Contains(country))
            yield return Apec;
        yield return Anywhere;
    }

    /// <summary>Whether data sent from one country to the other goes to a third country (GDPR art. 44): not within one, nor within the EEA.</summary>
    /// <param name="from">Null where it is not known: then it does.</param>
    public static bool Leaves(string? from, string to) => !Around(from).Any(place => place != Anywhere && Around(to).Contains(place));

    internal static T? Closest<T>(IReadOnlyList<T> entries, Func<T, string> jurisdictionOf, string? jurisdiction)
        where T : class =>
        Around(jurisdiction).Select(place => entries.FirstOrDefault(e => jurisdictionOf(e) == place)).FirstOrDefault(e => e is not null);
}
