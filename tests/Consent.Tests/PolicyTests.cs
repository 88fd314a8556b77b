using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;

namespace ConsentLedger.Consent.Tests;

public sealed class PolicyTests
{
    [Fact]
    public void The_first_version_is_published() =>
        PublishPolicy.Decide(Packs.Spectral, PolicyBook.Empty).ShouldBeOfType<Decision.Record>()
            .Events.ShouldHaveSingleItem().Facts.ShouldBeOfType<PolicyPublished>().Pack.ShouldBe(Packs.Spectral);

    [Theory]
    [MemberData(nameof(Packs.Tenants), MemberType = typeof(Packs))]
    public void The_same_version_with_the_same_content_writes_nothing(string tenant) =>
        PublishPolicy.Decide(Packs.Of(tenant), BookOf(Published(Packs.Of(tenant), PolicyBook.Empty))).ShouldBe(Decision.Unchanged);

    [Fact]
    public void The_same_version_with_other_content_is_refused()
    {
        var edited = Packs.Spectral with { SellsData = !(Packs.Spectral.SellsData ?? false) };
        PublishPolicy.Decide(edited, BookOf(Published(Packs.Spectral, PolicyBook.Empty)))
            .ShouldBeOfType<Decision.Refuse>().Refusal.Code.ShouldBe("policy_version_exists");
    }

    [Fact]
    public void The_version_published_last_is_in_force()
    {
        var first = Published(Packs.Spectral, PolicyBook.Empty);
        var second = Published(Packs.Spectral.Next("2019-01-01"), BookOf(first));
        var book = BookOf(first, second);
        book.Current!.Version.ShouldBe("2019-01-01");
        book.Find(Packs.Spectral.Version).ShouldNotBeNull();
        PublishPolicy.Decide(Packs.Spectral, book).ShouldBe(Decision.Unchanged);
    }

    [Fact]
    public void A_change_in_substance_that_is_not_declared_is_refused_with_its_line()
    {
        var text = Encoding.UTF8.GetBytes(Written(Widened));
        var reading = PolicyPack.Parse(text).ShouldBeOfType<PolicyPackReading.Accepted>();

        var refusal = PublishPolicy.Decide(reading.Pack, BookOf(Published(Packs.Spectral, PolicyBook.Empty)), reading.Locate).ShouldBeOfType<Decision.Refuse>().Refusal;

        refusal.Code.ShouldBe("policy_material_change_undeclared");
        var line = int.Parse(Regex.Match(refusal.Reason, "^Line ([0-9]+), ").Groups[1].Value);
        Encoding.UTF8.GetString(text).Split('\n')[line - 1].ShouldContain("\"profiling\": true");
    }

    [Fact]
    public void A_change_in_substance_that_is_declared_is_published() =>
        PublishPolicy.Decide(Declared, BookOf(Published(Packs.Spectral, PolicyBook.Empty))).ShouldBeOfType<Decision.Record>();

    [Fact]
    public void A_text_that_was_edited_is_refused() =>
        PublishPolicy.Decide(
            Changed("2", p => p with { ConsentTexts = [.. p.ConsentTexts.Select(t => t with { Text = "Yes." })] }), BookOf(Published(Packs.Spectral, PolicyBook.Empty)))
            .ShouldBeOfType<Decision.Refuse>().Refusal.Code.ShouldBe("policy_text_edited");

    /// <summary>As after an update that gave the format a member: the digest of then was of other bytes.</summary>
    [Fact]
    public void The_same_content_is_recognised_when_its_digest_is_of_an_older_format()
    {
        var before = new PolicyPublished(Packs.Spectral, Guid.Empty);
        before.Holds(Packs.Spectral).ShouldBeTrue();
        before.Holds(Widened).ShouldBeFalse();
    }

    [Fact]
    public void A_file_is_not_put_in_force_behind_one_that_comes_later_in_the_folder()
    {
        var reading = PolicyPack.Parse(Packs.Spectral.ToJson()).ShouldBeOfType<PolicyPackReading.Accepted>();

        PolicyFolder.Decide(reading, [Declared], PolicyBook.Empty).ShouldBeOfType<Decision.Record>();
        PolicyFolder.Decide(reading, [Declared], BookOf(Published(Declared, PolicyBook.Empty))).ShouldBeOfType<Decision.Refuse>().Refusal.Code.ShouldBe("policy_superseded");
        PolicyFolder.Decide(reading, [Declared], BookOf(Published(Packs.Spectral, PolicyBook.Empty), Published(Declared, PolicyBook.Empty))).ShouldBe(Decision.Unchanged);
    }

    [Fact]
    public void A_comparison_says_for_whom_a_change_is_material_and_whether_it_was_declared()
    {
        ComparePolicies.Between(null, Packs.Spectral, [Packs.Spectral]).ShouldSatisfyAllConditions(d => d.Since.ShouldBeNull(), d => d.Changes.ShouldBeEmpty());

        var change = ComparePolicies.Between(Packs.Spectral, Declared, [Packs.Spectral, Declared]).Changes.ShouldHaveSingleItem();
        change.Place.ShouldBe("purposes/partner-offers/profiling");
        change.Material.ShouldHaveSingleItem().ShouldBe(new MaterialFor("partner-offers", MaterialRule.ProfilingAdded, "GDPR art. 4(4), 13(2)(f)", Declared: true));
        ComparePolicies.Between(Packs.Spectral, Widened, [Packs.Spectral, Widened]).Changes[0].Material[0].Declared.ShouldBeFalse();
    }

    private static readonly PolicyPack Widened = Changed("2", p => p with { Profiling = true });

    private static readonly PolicyPack Declared = Widened with
    {
        Changes = Widened.Changes with { Material = [new() { Purpose = "partner-offers", Summary = new Dictionary<string, string> { ["en"] = "Offers are chosen by profile." } }] },
    };

    private static PolicyPack Changed(string version, Func<Purpose, Purpose> change) =>
        Packs.Spectral with { Version = version, Purposes = [.. Packs.Spectral.Purposes.Select(p => p.Id == "partner-offers" ? change(p) : p)] };

    private static string Written(PolicyPack pack) => JsonSerializer.Serialize(pack, PolicyPack.Json);

    private static PolicyPublished Published(PolicyPack pack, PolicyBook book) =>
        (PolicyPublished)PublishPolicy.Decide(pack, book).ShouldBeOfType<Decision.Record>().Events.ShouldHaveSingleItem().Facts;

    // As it is read back from the ledger, not as it was in memory.
    private static PolicyBook BookOf(params IEnumerable<PolicyPublished> published) =>
        PolicyBook.Stream.Replay(Story.Given(published.Select(p => new Recorded(p, Acts.Day(1)))).Log, ConsentCatalog.Events);
}
