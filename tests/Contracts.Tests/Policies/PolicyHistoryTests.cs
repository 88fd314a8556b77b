using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Contracts.Tests.Policies;

public sealed class PolicyHistoryTests
{
    private const string Purpose = "newsletter";
    private const string Other = "surveys-and-contests";

    private static readonly PolicyPack First = Packs.Of("vms") with { Version = "1" };

    [Theory]
    [InlineData("1", true)]
    [InlineData("2", true)]
    [InlineData("3", false)]
    [InlineData("4", false)]
    public void A_consent_older_than_a_material_change_needs_renewal(string versionOfConsent, bool needed) =>
        History(First, Next("2"), Next("3", Purpose), Next("4")).IsMaterialSince(Purpose, versionOfConsent).ShouldBe(needed);

    [Fact]
    public void A_change_of_another_purpose_leaves_a_consent_alone() =>
        History(First, Next("2", Other)).IsMaterialSince(Purpose, "1").ShouldBeFalse();

    [Theory]
    [InlineData("1", true)]
    [InlineData("2", true)]
    [InlineData("3", false)]
    public void A_purpose_that_was_away_asks_anew(string versionOfConsent, bool needed) =>
        History(First, Without("2"), Next("3")).IsMaterialSince(Purpose, versionOfConsent).ShouldBe(needed);

    [Fact]
    public void A_version_that_nobody_published_vouches_for_nothing()
    {
        History(First, Next("2")).IsMaterialSince(Purpose, "0").ShouldBeTrue();
        History().IsMaterialSince(Purpose, "1").ShouldBeTrue();
    }

    [Fact]
    public void A_purpose_that_is_not_declared_any_more_has_no_consent() => History(First, Without("2")).IsMaterialSince(Purpose, "1").ShouldBeTrue();

    private static IReadOnlyList<PolicyPack> History(params PolicyPack[] versions) => versions;

    private static PolicyPack Next(string version, params string[] material) => First with
    {
        Version = version,
        Changes = new() { Material = [.. material.Select(p => new MaterialChange { Purpose = p, Summary = new Dictionary<string, string> { ["en"] = "" } })] },
    };

    private static PolicyPack Without(string version) => First with { Version = version, Purposes = [.. First.Purposes.Where(p => p.Id != Purpose)] };
}
