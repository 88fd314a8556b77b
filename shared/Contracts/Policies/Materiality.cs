namespace ConsentLedger.Contracts.Policies;

/// <summary>Finds which changes the consents given before do not cover (GDPR art. 4(11), 7). Pure; the rules are <see cref="MaterialRule"/>'s.</summary>
/// <remarks>
/// A purpose counts when both versions declare it and either rests it on consent. One that is new has no consents yet, and one that comes back asks anew:
/// <see cref="PolicyHistory"/>. A new channel is not material, since each consent names its own.
/// </remarks>
internal static class Materiality
{
    public static IEnumerable<MaterialFinding> Find(PolicyPack older, PolicyPack newer, IReadOnlyList<PackChange> changes) =>
        newer.Purposes
            .Select(now => (Was: older.FindPurpose(now.Id), Now: now))
            .Where(p => p.Was is not null && (p.Was.RestsOn(LawfulBasis.Consent) || p.Now.RestsOn(LawfulBasis.Consent)))
            .SelectMany(p => Find(new Pair(older, newer, p.Was!, p.Now), changes))
            .Distinct();

    private static IEnumerable<MaterialFinding> Find(Pair pair, IReadOnlyList<PackChange> changes) =>
        changes.Select(change => (Change: change, Rule: RuleFor(pair, change)))
            .Where(f => f.Rule is not null)
            .Select(f => new MaterialFinding(pair.Now.Id, f.Rule!.Value, f.Change))
            .Concat(Routes(pair, changes));

    private static MaterialRule? RuleFor(Pair pair, PackChange change) => change.Place.Split('/') switch
    {
        ["purposes", var id, .. var member] => id == pair.Now.Id ? OfPurpose(pair, change, member) : null,
        ["dataCategories", var id, "items", ..] when change.Kind == ChangeKind.Added && pair.Both(p => p.Data.Contains(id)) => MaterialRule.DataAdded,
        ["recipients", var id, var member] when pair.Both(p => p.Reaches(id)) => OfRecipient(change, member),
        ["transfers", var id, "recipients", var recipient] when change.Kind == ChangeKind.Added && pair.Both(p => p.Transfers.Contains(id)) && !pair.Was.Reaches(recipient) =>
            MaterialRule.RecipientAdded,
        ["topics", var id, "cap", ..] when pair.Older.FindTopic(id) is { } was && was.Purpose == pair.Was.Id && was.Cap is { } cap && pair.Newer.FindTopic(id) is { } now && now.Cap?.IsWithin(cap) != true =>
            MaterialRule.MoreOften,
        ["tracking", ..] => OfTracking(pair, change),
        ["purposeLimitation", var ground] when change.Kind == ChangeKind.Added && ground == "related-purpose" => MaterialRule.PurposeWidened,
        ["sellsData"] when pair.Newer.SellsData == true || pair.Older.SellsData == false => MaterialRule.SaleAllowed,
        _ => null,
    };

    private static MaterialRule? OfPurpose(Pair pair, PackChange change, string[] member)
    {
        var (was, now) = (pair.Was, pair.Now);
        return member switch
        {
            ["bases", _] => MaterialRule.BasisChanged,
            ["role"] => MaterialRule.ControllerChanged,
            ["data", _] when change.Kind == ChangeKind.Added => MaterialRule.DataAdded,
            ["recipients", _] when change.Kind == ChangeKind.Added => MaterialRule.RecipientAdded,
            ["marketing"] when now.Marketing => MaterialRule.MarketingAdded,
            ["profiling"] when now.Profiling => MaterialRule.ProfilingAdded,
            ["express"] when now.Express => MaterialRule.ExpressRequired,
            ["validMonths"] when was.ValidMonths is { } months && !(now.ValidMonths <= months) => MaterialRule.ValidityLonger,
            // Two ends cannot be compared, so another one may be later.
            ["retention", "until"] => MaterialRule.RetentionLonger,
            ["retention", "furtherMonths"] when (now.Retention.FurtherMonths ?? 0) > (was.Retention.FurtherMonths ?? 0) => MaterialRule.RetentionLonger,
            ["retention", "survivesErasure"] when now.Retention.SurvivesErasure => MaterialRule.RetentionLonger,
            _ => null,
        };
    }

    private static MaterialRule? OfRecipient(PackChange change, string member) => member switch
    {
        "kind" => MaterialRule.RecipientChanged,
        "boundBy" when change.Kind == ChangeKind.Removed => MaterialRule.RecipientChanged,
        "toldOfWithdrawal" when change.Is?.GetBoolean() == false => MaterialRule.RecipientChanged,
        _ => null,
    };

    private static MaterialRule? OfTracking(Pair pair, PackChange change)
    {
        if (change.Kind != ChangeKind.Added || pair.Newer.Tracking?.Purposes.Contains(pair.Now.Id) != true)
            return null;
        return change.Place.Split('/') switch
        {
            ["tracking"] => MaterialRule.TrackingAdded,
            ["tracking", "technologies", _] => MaterialRule.TrackingAdded,
            ["tracking", "purposes", var id] when id == pair.Now.Id => MaterialRule.TrackingAdded,
            _ => null,
        };
    }

    private static IEnumerable<MaterialFinding> Routes(Pair pair, IReadOnlyList<PackChange> changes)
    {
        var known = RoutesOf(pair.Older, pair.Was).ToArray();
        foreach (var route in RoutesOf(pair.Newer, pair.Now))
        {
            var covering = known.Where(k => k.Destination == route.Destination || Jurisdictions.Around(route.Destination).Contains(k.Destination)).ToArray();
            MaterialRule? rule = covering.Length == 0 ? MaterialRule.DestinationAdded
                : Strength(route.Safeguard) < covering.Min(k => Strength(k.Safeguard)) ? MaterialRule.SafeguardWeakened
                : null;
            if (rule is not null)
                yield return new(pair.Now.Id, rule.Value, CauseOf(route, pair.Now.Id, changes));
        }
    }

    /// <summary>Where a purpose's data goes: by its transfers, and to where its processors are outside the EEA and the controller's own country.</summary>
    private static IEnumerable<Route> RoutesOf(PolicyPack pack, Purpose purpose) =>
    [
        .. from transfer in pack.Transfers
           where purpose.Transfers.Contains(transfer.Id)
           from destination in transfer.Destinations
           select new Route(destination, transfer.Safeguard, $"transfers/{transfer.Id}", transfer.Id),
        .. from processor in pack.ProcessorsFor(purpose.Id)
           from place in processor.Places
           where !Jurisdictions.Around(place).Contains(Jurisdictions.Eu) && place != pack.Controller.Country
           select new Route(place, processor.Safeguard ?? pack.FindTransfer(processor.Transfer ?? "")?.Safeguard, $"processors/{processor.Id}", processor.Transfer ?? ""),
    ];

    /// <summary>The change that opened a route, the most telling first. Without any change the routes would be the same; no finding is lost for want of a place.</summary>
    private static PackChange CauseOf(Route route, string purpose, IReadOnlyList<PackChange> changes)
    {
        string[] places =
        [
            $"{route.Place}/destinations/{route.Destination}", $"{route.Place}/places/{route.Destination}", $"{route.Place}/purposes/{purpose}", route.Place,
            $"{route.Place}/safeguard", $"{route.Place}/transfer", $"purposes/{purpose}/transfers/{route.Transfer}", $"transfers/{route.Transfer}/safeguard", "controller/country",
        ];
        return places.Select(place => changes.FirstOrDefault(c => c.Place == place)).FirstOrDefault(c => c is not null) ?? changes[0];
    }

    /// <summary>In the order of GDPR chapter V: an adequate law, clauses, other undertakings, rules outside the GDPR, a derogation, what protects nothing any more.</summary>
    private static int Strength(Safeguard? safeguard) => safeguard switch
    {
        Safeguard.Adequacy => 6,
        Safeguard.Scc => 5,
        Safeguard.Contractual => 4,
        Safeguard.Cbpr => 3,
        Safeguard.Consent => 2,
        Safeguard.PrivacyShield => 1,
        _ => 0,
    };

    /// <summary>One purpose as both versions have it.</summary>
    private sealed record Pair(PolicyPack Older, PolicyPack Newer, Purpose Was, Purpose Now)
    {
        public bool Both(Func<Purpose, bool> holds) => holds(Was) && holds(Now);
    }

    private sealed record Route(string Destination, Safeguard? Safeguard, string Place, string Transfer);
}
