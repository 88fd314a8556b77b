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
    public const string Eea = "EEA";
    public const string Anywhere = "*";

    private static readonly FrozenSet<string> EuropeanEconomicArea = FrozenSet.Create(
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU",
        "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK", Eea);

    private static readonly FrozenSet<string> AsiaPacificEconomicCooperation = FrozenSet.Create(
        "AU", "BN", "CA", "CL", "CN", "HK", "ID", "JP", "KR", "MX", "MY", "NZ", "PE", "PG", "PH", "RU", "SG", "TH", "TW", "US", "VN");

    /// <summary>ISO 3166-1 alpha-2, as assigned. What people write for some of them instead (<c>UK</c>, <c>EL</c>) is not among them.</summary>
    private static readonly FrozenSet<string> Countries =
    [
        .. """
            AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ
            DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO
            JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU
            NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV
            TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
            """.Split([' ', '\n']),
    ];

    /// <summary>Whether it is a place: what is none lies nowhere, and is under no law rather than under that of anywhere else.</summary>
    public static bool IsKnown(string? jurisdiction) => Around(jurisdiction).Any();

    /// <summary>From the narrowest to the widest; nothing for an unknown jurisdiction.</summary>
    public static IEnumerable<string> Around(string? jurisdiction)
    {
        if (string.IsNullOrWhiteSpace(jurisdiction))
            yield break;

        var place = jurisdiction.Trim().ToUpperInvariant();
        var country = place.Split('-')[0];
        if (!Countries.Contains(country) && country is not (Eu or Apec or Eea))
            yield break;

        yield return place;
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
