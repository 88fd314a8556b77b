using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Bulk;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Publishing;
using static ConsentLedger.MarketingPreference.Tests.People;

namespace ConsentLedger.MarketingPreference.Tests;

public sealed class PublishingTests
{
    /// <summary>What of the log concerns nobody outside.</summary>
    private static readonly object[] Ours =
    [
        new PolicyFollowed(Packs.Northwind, 1), new AddressLinked(Tag, NewId(), Actor.Subject, "web-form", Noon), new AddressUnlinked(Tag, NewId(), Actor.Subject, "web-form", Noon),
        new AddressBounced(Tag, BounceKind.Soft, "webhook", Noon), new AddressDelivered(Tag, "webhook", Noon), new ImportAccepted(WordOf("old-list"), ImportFormat.Csv, "00", 1, 0, 1),
        new ImportStarted("operator"), new ImportAdvanced(0, Counts.None), new ImportCompleted(Counts.None), new ImportFailed(1, "import_part_missing"),
    ];

    private static AddressTag Tag => AddressTag.TryParse(new string('a', AddressTag.Length), out var tag) ? tag : default;

    private static readonly (object Facts, string Cause, bool Everything)[] Stops =
    [
        (new AddressSuppressed(Tag, SuppressionCause.Asked, Actor.Agent, "phone", Noon), "asked", false), (new AddressSuppressed(Tag, SuppressionCause.Asked, Actor.Agent, "phone", Noon, Everything: true), "asked", true),
        (new AddressComplained(Tag, "webhook", Noon), "complaint", false),

        // Nothing goes to a mailbox that there is not: the gate stops what is owed, too.
        (new AddressBounced(Tag, BounceKind.Hard, "webhook", Noon), "bounce", true),
    ];

    private static readonly AddressReleased Released = new(Tag, Actor.Agent, "mailbox-repaired", Noon);

    private static readonly object[] OneOfEach =
    [
        Opened("newsletter"), Closed("newsletter") with { DeliveryId = WordOf("mail-1"), RecipientRef = WordOf("r.2") }, Heard(1, true), new ConsentFollowed(NewId(), 2, null),
        new PreferencesRead("email"), new ConfirmationLinkMade("newsletter", "email", null), new ErasureStarted(NewId()), new SubjectErased(NewId()),
    ];

    [Fact]
    public void Every_event_of_a_person_goes_out_under_its_own_name_so_that_versions_are_dense()
    {
        var stored = OneOfEach.Select(Stored).ToList();
        stored.Select(e => e.Type).Union(Ours.Concat(Stops.Select(s => s.Facts)).Append(Released).Select(MarketingCatalog.Events.NameOf)).ShouldBe(MarketingCatalog.Events.Events.Keys, ignoreOrder: true);
        foreach (var (e, i) in stored.Select((e, i) => (e, i)))
        {
            var message = MarketingPublisher.Translate(e).ShouldNotBeNull();
            (message.Type, message.StreamVersion, message.Source).ShouldBe((e.Type, i + 1L, "https://consentledger/marketing-preference"));
        }
    }

    [Fact]
    public void An_unsubscribe_says_to_the_email_system_what_its_schema_says()
    {
        var message = MarketingPublisher.Translate(Stored(OneOfEach[1])).ShouldNotBeNull();
        message.DataAs<MarketingUnsubscribedV1>().ShouldBe(new MarketingUnsubscribedV1(
            "newsletter", "email", "newsletter", "consent", "one-click", "subject", "web-form", Noon, false, "mail-1", "r.2"));
    }

    [Fact]
    public void What_concerns_nobody_outside_says_that_its_position_is_taken_and_nothing_else()
    {
        foreach (var facts in Ours)
        {
            var message = MarketingPublisher.Translate(Stored(facts, index: 41));
            (message.Type, message.Position, message.Subject).ShouldBe((MarketingPositionTakenV1.Type, 41L, null));
            message.DataAs<MarketingPositionTakenV1>().ShouldBe(new MarketingPositionTakenV1(MarketingCatalog.Events.NameOf(facts)));
        }
    }

    [Fact]
    public void Whatever_stops_an_address_suppresses_its_tag_until_it_is_released()
    {
        foreach (var (facts, cause, everything) in Stops)
        {
            var message = MarketingPublisher.Translate(Stored(facts));
            (message.Type, message.Subject).ShouldBe((MarketingSuppressedV1.Type, null));
            message.DataAs<MarketingSuppressedV1>().ShouldBe(new MarketingSuppressedV1(Tag.ToString(), cause, everything, Noon));
        }

        MarketingPublisher.Translate(Stored(Released)).DataAs<MarketingReleasedV1>().ShouldBe(new MarketingReleasedV1(Tag.ToString(), "mailbox-repaired", Noon));
    }

    [Fact]
    public void Who_comes_back_after_a_no_is_resubscribed()
    {
        var back = MarketingPublisher.Translate(Stored(Opened("newsletter") with { Again = true }));
        (back.Type, back.DataAs<MarketingResubscribedV1>().Topic).ShouldBe((MarketingResubscribedV1.Type, "newsletter"));
        MarketingPublisher.Translate(Stored(Opened("newsletter"))).Type.ShouldBe(MarketingSubscribedV1.Type);
    }

    [Fact]
    public void A_policy_survives_being_stored()
    {
        var book = PolicyBook.Stream.Replay([Stored(new PolicyFollowed(Packs.Northwind, 1))], MarketingCatalog.Events);
        book.Current.ShouldNotBeNull().ToJson().ToString().ShouldBe(Packs.Northwind.ToJson().ToString());
        FollowPolicy.Decide(Packs.Northwind, 1, book).ShouldBe(EventStore.Decision.Unchanged);
        FollowPolicy.Decide(Packs.Northwind, 3, book).Recorded().ShouldHaveSingleItem();
    }

    [Fact]
    public void Facts_and_messages_spell_times_and_names_alike() =>
        JsonSerializer.Deserialize<JsonElement>(Stored(Closed("newsletter")).Data.Span).GetProperty("cause").GetString().ShouldBe("one-click");
}
