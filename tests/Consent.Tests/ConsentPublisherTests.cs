using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Consent.Publishing;
using ConsentLedger.Contracts;
using ConsentLedger.Contracts.Policies;
using static ConsentLedger.Consent.Tests.Acts;

namespace ConsentLedger.Consent.Tests;

public sealed class ConsentPublisherTests
{
    [Fact]
    public void Every_event_of_the_catalog_has_its_message()
    {
        foreach (var facts in Samples.Events)
        {
            var stored = Story.Given(Granted(1), new Recorded(facts, Day(2))).Log[1];
            var message = Published(stored);
            message.Type.ShouldBe(stored.Type);
            message.Id.ShouldBe(stored.Id.ToString());
            message.Source.ShouldBe("https://consentledger/consent");
            message.Time.ShouldBe(Day(2));
            message.Tenant.ShouldBe("spectral-tms");
            (message.Position, message.StreamVersion).ShouldBe((1, 2));
            message.Subject.ShouldBe(facts is PolicyPublished ? null : Story.Person.ToString());
        }
    }

    [Fact]
    public void A_grant_says_what_was_agreed_to_and_never_who_agreed()
    {
        var granted = (ConsentGranted)Samples.Events[0];
        Published(granted).DataAs<ConsentGrantedV1>().ShouldBe(new(
            "partner-offers", "marketing-partners", "1", "consent", granted.OccurredAt, "guardian", "web-form", true, "email", "shop", "FR",
            new TextShownV1("partner-offers-v1", "fr", $"sha256:{new string('a', 64)}")));
        Published(Samples.Events[1]).DataAs<ConsentGrantedV1>().ShouldBe(new(
            "agreed-sharing", "controller", "1", "consent", granted.OccurredAt, "system", "import", false));
    }

    [Fact]
    public void A_withdrawal_says_what_led_to_it()
    {
        var withdrawn = (ConsentWithdrawn)Samples.Events[2];
        Published(withdrawn).DataAs<ConsentWithdrawnV1>().ShouldBe(new(
            "partner-offers", "controller", "1", withdrawn.OccurredAt, "subject", "one-click", "email", "marketing-preference", "unsubscribed", withdrawn.CausedBy));
        Published(Samples.Events[3]).DataAs<ConsentWithdrawnV1>().ShouldBe(new("agreed-sharing", "controller", "1", withdrawn.OccurredAt, "agent", "phone"));
    }

    [Fact]
    public void Reading_and_erasing_are_told_too()
    {
        var read = (HistoryRead)Samples.Events[4];
        Published(read).DataAs<HistoryReadV1>().ShouldBe(new("auditor", true, read.AsOf, read.KnownAt));
        var request = ((ErasureStarted)Samples.Events[6]).Request;
        Published(Samples.Events[6]).DataAs<SubjectErasureStartedV1>().ShouldBe(new(request));
        Published(Samples.Events[7]).DataAs<SubjectErasedV1>().ShouldBe(new(request));
    }

    [Theory]
    [MemberData(nameof(Packs.Tenants), MemberType = typeof(Packs))]
    public void A_policy_travels_whole(string tenant)
    {
        var pack = Packs.Of(tenant);
        var told = Published(new PolicyPublished(pack, Guid.Empty)).DataAs<PolicyPublishedV1>();
        told.Version.ShouldBe(pack.Version);
        PolicyPack.Parse(told.Pack).ShouldBeOfType<PolicyPackReading.Accepted>().Pack.ToJson().GetRawText().ShouldBe(pack.ToJson().GetRawText());
    }

    private static CloudEvent Published(object facts) => Published(Story.Given(new Recorded(facts, Day(1))).Log[0]);

    // Read back from its bytes, as the consumers of this system read it.
    private static CloudEvent Published(EventStore.StoredEvent stored)
    {
        CloudEvent.TryRead(ConsentPublisher.Translate(stored).ShouldNotBeNull().ToJson(), out var message, out var fault).ShouldBeTrue(fault?.Reason);
        return message!;
    }
}
