using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Contracts.Tests.Policies;

public sealed class LookUpTests
{
    private readonly PolicyPack _pack = Packs.Of("assutech") with
    {
        DefaultRegime = Regime.OptIn,
        Regimes =
        [
            new() { Jurisdiction = "*", Regime = Regime.OptOut },
            new() { Jurisdiction = "EU", Regime = Regime.OptIn },
            new() { Jurisdiction = "DK", Regime = Regime.OptOut },
            new() { Jurisdiction = "US-CA", Regime = Regime.OptIn },
        ],
    };

    [Theory]
    [InlineData("DK", Regime.OptOut)]
    [InlineData("SE", Regime.OptIn)]
    [InlineData("se", Regime.OptIn)]
    [InlineData("NO", Regime.OptIn)]
    [InlineData("EEA", Regime.OptIn)]
    [InlineData("DE-BY", Regime.OptIn)]
    [InlineData("CH", Regime.OptOut)]
    [InlineData("US", Regime.OptOut)]
    [InlineData("US-CA", Regime.OptIn)]
    [InlineData("US-NY", Regime.OptOut)]
    [InlineData("UK", Regime.OptIn)]
    [InlineData("Germany", Regime.OptIn)]
    [InlineData("", Regime.OptIn)]
    [InlineData(null, Regime.OptIn)]
    public void The_narrowest_regime_holds(string? jurisdiction, Regime regime) => _pack.RegimeFor(jurisdiction).ShouldBe(regime);

    [Fact]
    public void A_known_place_without_any_entry_falls_to_the_default() => (_pack with { Regimes = [] }).RegimeFor("US").ShouldBe(Regime.OptIn);

    [Theory]
    [InlineData("DK", "DK")]
    [InlineData("se", "EU")]
    [InlineData("DE-BY", "EU")]
    [InlineData("US-CA", "US-CA")]
    [InlineData("US-NY", "*")]
    [InlineData("gb", "*")]
    [InlineData("UK", null)]
    [InlineData("EL", null)]
    [InlineData("DEU", null)]
    [InlineData("DE_BY", null)]
    [InlineData("*", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void The_law_is_named_by_the_entry_that_applies(string? jurisdiction, string? law) => _pack.LawFor(jurisdiction).ShouldBe(law);

    [Fact]
    public void A_known_place_without_any_entry_is_under_no_law_of_the_pack() => (_pack with { Regimes = [] }).LawFor("US").ShouldBeNull();

    [Theory]
    [InlineData("US", "both", "alone", "anywhere")]
    [InlineData("us-ca", "both", "alone", "anywhere")]
    [InlineData("JP", "both", "anywhere")]
    [InlineData("IS", "eea", "anywhere")]
    [InlineData("BR", "anywhere")]
    [InlineData(" ")]
    public void The_transfers_to_a_place_come_narrowest_first(string destination, params string[] transfers)
    {
        var purpose = _pack.Purposes[0] with { Transfers = ["anywhere", "eea", "both", "alone"] };
        var pack = _pack with
        {
            Transfers = [To("anywhere", "*"), To("eea", "EU"), To("both", "APEC", "US"), To("alone", "US"), To("of-another-purpose", "US", "*")],
        };

        pack.TransfersFor(purpose, destination).Select(t => t.Id).ShouldBe(transfers);

        static Transfer To(string id, params string[] destinations) => new() { Id = id, Destinations = destinations, Safeguard = Safeguard.Scc };
    }

    [Theory]
    [InlineData(null, 7)]
    [InlineData(3, 3)]
    public void A_pending_consent_waits_a_week_unless_the_policy_says_otherwise(int? said, int days) =>
        (_pack.Purposes[0] with { ConfirmWithinDays = said }).DaysToConfirm().ShouldBe(days);

    [Fact]
    public void Unknown_ids_find_nothing()
    {
        _pack.FindPurpose("unheard-of").ShouldBeNull();
        _pack.FindTopic("unheard-of").ShouldBeNull();
        _pack.FindPurpose("Product-Offers").ShouldBeNull();
    }

    [Fact]
    public void Every_purpose_reaches_the_controller() => _pack.Purposes.ShouldAllBe(p => p.Reaches("controller"));

    [Theory]
    [InlineData("fr-CA", "Bonjour")]
    [InlineData("fr", "Bonjour")]
    [InlineData("de", "Hello")]
    [InlineData("", "Hello")]
    public void A_text_falls_back_to_its_language_and_to_English(string locale, string text) =>
        new Dictionary<string, string> { ["en"] = "Hello", ["fr"] = "Bonjour" }.In(locale).ShouldBe(text);

    [Fact]
    public void A_consent_text_is_named_by_the_hash_of_its_bytes() =>
        new ConsentText { Id = "t", Locale = "en", Text = "abc" }.Hash().ShouldBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
