using ConsentLedger.Consent.Policies;
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

    private static PolicyPublished Published(Contracts.Policies.PolicyPack pack, PolicyBook book) =>
        (PolicyPublished)PublishPolicy.Decide(pack, book).ShouldBeOfType<Decision.Record>().Events.ShouldHaveSingleItem().Facts;

    // As it is read back from the ledger, not as it was in memory.
    private static PolicyBook BookOf(params IEnumerable<PolicyPublished> published) =>
        PolicyBook.Stream.Replay(Story.Given(published.Select(p => new Recorded(p, Acts.Day(1)))).Log, ConsentCatalog.Events);
}
