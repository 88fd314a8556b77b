using ConsentLedger.Contracts.Policies;
using FsCheck;
using FsCheck.Fluent;

namespace ConsentLedger.Consent.Tests.Histories;

/// <summary>What a version of the policy says of offers, and how it cuts the laws.</summary>
/// <param name="Laws">Of <see cref="Cuts"/>.</param>
/// <param name="Dropped">It declares no offers.</param>
/// <param name="Changed">It says of itself that it changes offers in substance.</param>
internal sealed record Stance(
    int Laws = 0, bool Dropped = false, bool Changed = false, string Channels = "email sms", bool Partners = true, string? TwiceOver = null, bool Marketing = true, bool Profiling = false,
    bool Express = false, string Bases = "consent", int? ValidMonths = null, bool Tracked = false, SignalStance Signals = SignalStance.Objection, string HonouredIn = "EU US-CA")
{
    /// <summary>The purpose that rests on a legitimate interest, in each version.</summary>
    public const string News = "product-news";

    // Places move from one law to another, to none, and to where silence passes.
    private static readonly IReadOnlyList<(Regime Else, string OptIn, string OptOut)> Cuts =
    [
        (Regime.OptIn, "EU US-CA", ""), (Regime.OptIn, "EU FR US-CA", ""), (Regime.OptIn, "EU", "*"), (Regime.OptIn, "US-CA", "EU"), (Regime.OptOut, "FR", "US"), (Regime.OptIn, "*", ""), (Regime.OptOut, "", ""),
    ];

    public static Gen<Stance> Any { get; } =
        from laws in Gen.Frequency((2, Gen.Constant(0)), (3, Gen.Choose(0, Cuts.Count - 1)))
        from dropped in Seldom
        from changed in Seldom
        from channels in Gen.Frequency((5, Gen.Constant("email sms")), (1, Gen.Elements("email", "sms")))
        from partners in Often
        from twice in Gen.Frequency((5, Gen.Constant<string?>(null)), (1, Gen.Elements<string?>("", "sms")))
        from marketing in Often
        from profiling in Seldom
        from express in Seldom
        from bases in Gen.Frequency((6, Gen.Constant("consent")), (1, Gen.Elements("consent legitimate-interests", "legitimate-interests")))
        from months in Gen.Frequency((5, Gen.Constant<int?>(null)), (1, Gen.Constant<int?>(1)))
        from tracked in Gen.Elements(true, false)
        from signals in Gen.Frequency((3, Gen.Constant(SignalStance.Objection)), (1, Gen.Constant(SignalStance.Ignored)))
        from honoured in Gen.Elements("", "EU US-CA")
        select new Stance(laws, dropped, changed, channels, partners, twice, marketing, profiling, express, bases, months, tracked, signals, honoured);

    private static Gen<bool> Seldom => Gen.Frequency((6, Gen.Constant(false)), (1, Gen.Constant(true)));

    private static Gen<bool> Often => Seldom.Select(seldom => !seldom);

    private static readonly PolicyPack Least = Packs.Spectral with
    {
        Purposes = [.. Packs.Spectral.Purposes.Where(p => p.Id is Acts.Offers or News).Select(p => p with { Transfers = [] })], Processors = [], Transfers = [], Topics = [], Authorisations = [], Disclosures = [],
    };

    /// <summary>The next version after these, which is one that may follow them.</summary>
    public PolicyPack After(IReadOnlyList<PolicyPack> published)
    {
        var (otherwise, optIn, optOut) = Cuts[Laws];
        var offers = Least.FindPurpose(Acts.Offers)! with
        {
            Channels = Words(Channels), Recipients = Partners ? [Acts.Partners] : [], Marketing = Marketing, Profiling = Profiling, Express = Express, ValidMonths = ValidMonths,
            DoubleOptIn = TwiceOver is null ? null : new DoubleOptIn { Channels = [.. Words(TwiceOver).Intersect(Words(Channels))] },
            Bases = [.. Words(Bases).Select(b => b == "consent" ? new PurposeBasis { Basis = LawfulBasis.Consent } : new PurposeBasis { Basis = LawfulBasis.LegitimateInterests, Interest = "Growing the business" })],
        };
        var pack = Least with
        {
            Version = $"{published.Count + 1}.0.0",
            DefaultRegime = otherwise,
            Regimes = [.. Words(optIn).Select(law => new JurisdictionRegime { Jurisdiction = law, Regime = Regime.OptIn }), .. Words(optOut).Select(law => new JurisdictionRegime { Jurisdiction = law, Regime = Regime.OptOut })],
            Purposes = [.. Least.Purposes.Where(p => p.Id != Acts.Offers), .. Dropped ? [] : (Purpose[])[offers]],
            Tracking = Least.Tracking! with { Purposes = Tracked && !Dropped ? [News, Acts.Offers] : [News], GlobalPrivacyControl = Signals, HonouredIn = Signals == SignalStance.Objection ? Words(HonouredIn) : [] },
        };
        var material = published is [.., var last] ? PackDiff.Between(last, pack).MaterialPurposes : [];
        return pack with { Changes = pack.Changes with { Material = [.. material.Union(Changed && !Dropped ? [Acts.Offers] : []).Select(p => new MaterialChange { Purpose = p, Summary = new Dictionary<string, string> { ["en"] = "More than before" } })] } };
    }

    private static string[] Words(string words) => words.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
