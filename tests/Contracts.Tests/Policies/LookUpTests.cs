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
    [InlineData("", Regime.OptIn)]
    [InlineData(null, Regime.OptIn)]
    public void The_narrowest_regime_holds(string? jurisdiction, Regime regime) => _pack.RegimeFor(jurisdiction).ShouldBe(regime);

    [Fact]
    public void A_known_place_without_any_entry_falls_to_the_default() => (_pack with { Regimes = [] }).RegimeFor("US").ShouldBe(Regime.OptIn);

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
