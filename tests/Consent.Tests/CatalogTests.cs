using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;
using static ConsentLedger.Consent.Tests.Acts;

namespace ConsentLedger.Consent.Tests;

public sealed class CatalogTests
{
    [Fact]
    public void Every_event_has_a_sample() =>
        Samples.Events.Select(ConsentCatalog.Events.NameOf).Distinct().ShouldBe(ConsentCatalog.Events.Events.Keys, ignoreOrder: true);

    [Fact]
    public void Every_event_is_read_back_as_it_was_written()
    {
        foreach (var facts in Samples.Events.Where(e => e is not PolicyPublished)) ReadBack(facts).ShouldBe(facts);
    }

    [Fact]
    public void A_moment_keeps_the_offset_it_was_claimed_with()
    {
        var granted = (Consents.ConsentGranted)ReadBack(Samples.Events[0]);
        granted.OccurredAt.Offset.ShouldBe(TimeSpan.FromHours(1));
    }

    [Theory]
    [MemberData(nameof(Packs.Tenants), MemberType = typeof(Packs))]
    public void A_whole_policy_is_read_back_as_it_was_published(string tenant)
    {
        var published = new PolicyPublished(Packs.Of(tenant), Guid.Parse("0195a1b2-0000-7000-8000-0000000000bb"));
        var read = (PolicyPublished)ReadBack(published);
        read.Digest.ShouldBe(published.Digest);
        read.Pack.ToJson().GetRawText().ShouldBe(published.Pack.ToJson().GetRawText());
        PolicyPack.Parse(read.Pack.ToJson()).ShouldBeOfType<PolicyPackReading.Accepted>();
    }

    private static object ReadBack(object facts) => ConsentCatalog.Events.Decode(Story.Given(new Recorded(facts, Day(1))).Log[0]);
}
