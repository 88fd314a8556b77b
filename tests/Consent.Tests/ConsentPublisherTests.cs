using System.Reflection;
using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.HandingOver;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Consent.Publishing;
using ConsentLedger.Contracts;
using ConsentLedger.Contracts.Policies;
using static ConsentLedger.Consent.Tests.Acts;
using static ConsentLedger.Consent.Tests.Samples;

namespace ConsentLedger.Consent.Tests;

public sealed class ConsentPublisherTests
{
    private static readonly List<string> ToTell = ["marketing-partners", "resellers"];

    private static readonly TextShownV1 Text = new("partner-offers-v1", "fr", $"sha256:{new string('a', 64)}");

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
            message.Subject.ShouldBe(facts is PolicyPublished or TenantHandedOver ? null : Story.Person.ToString());
        }
    }

    [Fact]
    public void Every_message_says_what_its_schema_promises_and_no_more()
    {
        foreach (var facts in Samples.Events)
        {
            var message = Published(facts);
            using var file = typeof(CloudEvent).Assembly.GetManifestResourceStream($"ConsentLedger.Contracts.schemas.{message.Type}.schema.json").ShouldNotBeNull(message.Type);
            var schema = JsonDocument.Parse(file).RootElement;
            var told = message.DataAs<JsonElement>().EnumerateObject().ToDictionary(m => m.Name, m => m.Value);

            told.Keys.ShouldBeSubsetOf(schema.GetProperty("properties").EnumerateObject().Select(p => p.Name).ToList(), message.Type);
            schema.GetProperty("required").EnumerateArray().Select(r => r.GetString()!).ShouldBeSubsetOf(told.Keys, message.Type);
            foreach (var (name, value) in told)
            {
                if (!schema.GetProperty("properties").GetProperty(name).TryGetProperty("enum", out var words)) continue;
                words.EnumerateArray().Select(w => w.GetString()).ShouldContain(value.GetString(), $"{message.Type} {name}");
            }
        }
    }

    [Fact]
    public void An_event_with_everything_in_it_leaves_nothing_of_its_message_out()
    {
        foreach (var facts in Samples.Events.GroupBy(e => e.GetType()).Select(kind => kind.First()))
        {
            var message = Published(facts);
            var fields = typeof(CloudEvent).Assembly.GetExportedTypes().Single(t => (string?)t.GetField("Type", BindingFlags.Public | BindingFlags.Static)?.GetRawConstantValue() == message.Type)
                .GetProperties().Select(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name));
            message.DataAs<JsonElement>().EnumerateObject().Select(m => m.Name).ShouldBe(fields, ignoreOrder: true, message.Type);
        }
    }

    [Fact]
    public void The_life_of_a_consent_is_told_and_never_whose_it_is()
    {
        Told<ConsentAsked, ConsentAskedV1>().ShouldBe(new(
            "partner-offers", "marketing-partners", "1", Moment, "agent", "web-form", "email", "shop", "FR", "EU", "contacts", Text));
        Told<ConsentPending, ConsentPendingV1>().ShouldBe(new(
            "partner-offers", "marketing-partners", "1", Moment, "subject", "web-form", Later, "email", "shop", "FR", "EU", "contacts", Text));
        Told<ConsentConfirmed, ConsentConfirmedV1>().ShouldBe(new(
            "partner-offers", "marketing-partners", "1", "consent", Moment, "subject", "web-form", 3, "email", "shop", "EU", "contacts", Text, Later));
        Told<ConsentGranted, ConsentGrantedV1>().ShouldBe(new(
            "partner-offers", "marketing-partners", "1", "consent", Moment, "guardian", "web-form", true, "email", "shop", "FR", Text, "EU", "contacts", Later, 7, true, true));
        Published(Minimal<ConsentGranted>()).DataAs<ConsentGrantedV1>().ShouldBe(new("agreed-sharing", "controller", "1", "consent", Moment, "system", "import", false));
        Told<ConsentRefused, ConsentRefusedV1>().ShouldBeEquivalentTo(new ConsentRefusedV1(
            "partner-offers", "marketing-partners", "1", Moment, "subject", "web-form", "email", "shop", "FR", "EU", "contacts", Text, ToTell));
        Told<ConsentWithdrawn, ConsentWithdrawnV1>().ShouldBeEquivalentTo(new ConsentWithdrawnV1(
            "partner-offers", "marketing-partners", "1", Moment, "subject", "one-click", "email", "marketing-preference", "unsubscribed", Id, "EU", "contacts", ToTell, true));
        Published(Minimal<ConsentWithdrawn>()).DataAs<ConsentWithdrawnV1>().ShouldBe(new("agreed-sharing", "controller", "1", Moment, "agent", "phone"));
        Told<ConsentExpired, ConsentExpiredV1>().ShouldBeEquivalentTo(new ConsentExpiredV1("partner-offers", "marketing-partners", 4, "email", "EU", "contacts", ToTell));
        Told<ConsentRenewalDue, ConsentRenewalDueV1>().ShouldBe(new("partner-offers", "marketing-partners", 5, Later, "email", "EU", "contacts"));
    }

    [Fact]
    public void Who_the_person_is_to_decisions_is_told_without_the_month_of_birth()
    {
        Told<SubjectMerged, SubjectMergedV1>().ShouldBe(new(Id, Moment, "agent", "web-form", "shop"));
        Told<SubjectUnmerged, SubjectUnmergedV1>().ShouldBe(new(Id, Moment, "agent", "web-form", "shop"));
        Told<BirthMonthStated, BirthMonthStatedV1>().ShouldBe(new(Later, Later.AddYears(2), Moment, "guardian", "web-form", "shop", "FR"));
        Told<SubjectCameOfAge, SubjectCameOfAgeV1>().ShouldBe(new(Later));
    }

    [Fact]
    public void Rights_and_what_is_done_without_the_person_are_told()
    {
        Told<TermsAnswered, TermsAnsweredV1>().ShouldBe(new("2", true, Moment, "subject", "web-form", "shop"));
        Told<ObjectionRaised, ObjectionRaisedV1>().ShouldBeEquivalentTo(new ObjectionRaisedV1(
            "purpose", "1", Moment, "subject", "web-form", "debt-recovery", Later, "shop", "FR", ToTell));
        Told<ObjectionDecided, ObjectionDecidedV1>().ShouldBe(new(8, true, "legal-claims", Moment, "agent", "web-form", "shop"));
        Told<ObjectionOverdue, ObjectionOverdueV1>().ShouldBe(new(9, Later));
        Told<ProcessingRestricted, ProcessingRestrictedV1>().ShouldBeEquivalentTo(new ProcessingRestrictedV1(
            "accuracy-contested", new List<string> { "partner-offers" }, Moment, "agent", "web-form", "shop", ToTell));
        Told<RestrictionLifted, RestrictionLiftedV1>().ShouldBe(new(10, Later, Moment, "agent", "web-form", "shop"));
        Told<SignalReceived, SignalReceivedV1>().ShouldBeEquivalentTo(new SignalReceivedV1("gpc", true, "1", Moment, "subject", "web-form", "shop", "FR", ToTell));
        Told<DataDisclosed, DataDisclosedV1>().ShouldBeEquivalentTo(new DataDisclosedV1(
            "legal-process", "legal-disclosure", "authorities", new List<string> { "contact", "orders" }, "1", Moment, "agent", "web-form", "shop"));
        Told<UseExcepted, UseExceptedV1>().ShouldBe(new("fraud-check", "fraud-prevention", "1", Moment, "agent", "web-form", "shop"));
    }

    [Fact]
    public void Correcting_reading_and_erasing_are_told_too()
    {
        Told<RecordCorrected, RecordCorrectedV1>().ShouldBeEquivalentTo(new RecordCorrectedV1(
            6, true, "wrong-person", Moment, "agent", "web-form", "shop", Later, Text, ToTell));
        Told<HistoryRead, HistoryReadV1>().ShouldBe(new("auditor", true, Moment, Later));
        Told<ErasureStarted, SubjectErasureStartedV1>().ShouldBeEquivalentTo(new SubjectErasureStartedV1(Id, ToTell));
        Told<SubjectErased, SubjectErasedV1>().ShouldBe(new(Id));
        Told<TenantHandedOver, TenantHandedOverV1>().ShouldBe(new("new-owner", $"sha256:{new string('b', 64)}"));
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

    private static TMessage Told<TFacts, TMessage>()
        where TFacts : notnull
        where TMessage : notnull => Published(Full<TFacts>()).DataAs<TMessage>();

    private static CloudEvent Published(object facts) => Published(Story.Given(new Recorded(facts, Day(1))).Log[0]);

    // Read back from its bytes, as the consumers of this system read it.
    private static CloudEvent Published(EventStore.StoredEvent stored)
    {
        CloudEvent.TryRead(ConsentPublisher.Translate(stored).ShouldNotBeNull().ToJson(), out var message, out var fault).ShouldBeTrue(fault?.Reason);
        return message!;
    }
}
