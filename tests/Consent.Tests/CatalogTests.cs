using System.Text;
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
        foreach (var facts in Samples.Events.Where(e => e is not PolicyPublished)) ReadBack(facts).ShouldBeEquivalentTo(facts);
    }

    /// <summary>What is absent is not written: it would be one more thing that the log commits to.</summary>
    [Fact]
    public void As_little_as_an_event_must_hold_is_written()
    {
        foreach (var facts in Samples.Events.Where(e => e is not PolicyPublished).GroupBy(e => e.GetType()).Select(kind => kind.Last()))
            Encoding.UTF8.GetString(Story.Given(new Recorded(facts, Day(1))).Log[0].Data.Span).ShouldNotContain("null");
    }

    [Fact]
    public void A_moment_keeps_the_offset_it_was_claimed_with()
    {
        var granted = (Consents.ConsentGranted)ReadBack(Samples.Full<Consents.ConsentGranted>());
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
