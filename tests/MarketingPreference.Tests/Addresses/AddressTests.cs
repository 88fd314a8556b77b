using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Erasing;
using ConsentLedger.MarketingPreference.Preferences;
using static ConsentLedger.MarketingPreference.Tests.People;

namespace ConsentLedger.MarketingPreference.Tests.Addresses;

public sealed class AddressTests
{
    private static readonly Guid Anna = NewId(), Bert = NewId();

    [Fact]
    public void An_address_nobody_spoke_of_is_deliverable() => Standing().ShouldBe(AddressStanding.Deliverable);

    [Fact]
    public void Soft_bounces_are_counted_and_so_many_in_a_row_pause_the_address()
    {
        After(Enumerable.Repeat(Soft, Address.SoftBouncesBeforePause - 1)).PausedUntil.ShouldBeNull();
        var paused = After(Enumerable.Repeat(Soft, Address.SoftBouncesBeforePause));
        (paused.Standing.Standing, paused.PausedUntil).ShouldBe((AddressStanding.SoftBounced, Noon.AddMinutes(Address.SoftBouncesBeforePause - 1) + Address.Pause));
    }

    [Fact]
    public void What_arrives_in_between_begins_the_count_anew()
    {
        var delivered = new AddressDelivered(Tag, "provider", Noon);
        After([.. Enumerable.Repeat(Soft, Address.SoftBouncesBeforePause - 1), delivered, Soft]).SoftBounces.ShouldBe(1);
        RecordDelivery.Delivered(delivered, After(Soft)).Recorded().ShouldBe([delivered]);
        RecordDelivery.Delivered(delivered, After()).ShouldBe(Decision.Unchanged);
    }

    [Fact]
    public void The_worst_holds()
    {
        Standing(Soft, Complaint).ShouldBe(AddressStanding.Complained);
        Standing(Complaint, Suppression()).ShouldBe(AddressStanding.Suppressed);
        Standing(Suppression(), Hard).ShouldBe(AddressStanding.HardBounced);
        Standing(Suppression(everything: true), Hard).ShouldBe(AddressStanding.Barred);
        Standing(Suppression(everything: true), Suppression()).ShouldBe(AddressStanding.Barred);
    }

    [Fact]
    public void Nothing_that_is_delivered_and_nobody_who_comes_opens_it_again()
    {
        Standing(Hard, new AddressDelivered(Tag, "provider", Noon)).ShouldBe(AddressStanding.HardBounced);
        Standing(Suppression(), Linked(Anna), new AddressUnlinked(Tag, Anna, Actor.System, "erasure", Noon), Linked(Bert)).ShouldBe(AddressStanding.Suppressed);
    }

    [Fact]
    public void A_release_lifts_whatever_stopped_it_and_what_comes_later_counts_again()
    {
        var released = Release(After(Hard, Complaint, Suppression(everything: true))).Recorded();
        released.ShouldBe([new AddressReleased(Tag, Actor.Agent, "mailbox-repaired", Noon)]);
        Standing([Hard, Complaint, Suppression(everything: true), .. released]).ShouldBe(AddressStanding.Released);
        Standing([Hard, .. released, Complaint]).ShouldBe(AddressStanding.Complained);
        After([Linked(Anna), Hard, .. released]).Links.ShouldBe([Anna]);
    }

    [Fact]
    public void No_program_releases_and_where_nothing_stops_there_is_nothing_to_release()
    {
        Release(After(Hard), Actor.System).ShouldRefuse("release_needs_person");
        Release(After()).ShouldBe(Decision.Unchanged);
        Release(After(Linked(Anna))).ShouldBe(Decision.Unchanged);
    }

    [Fact]
    public void A_suppression_is_recorded_once_and_again_where_it_reaches_further()
    {
        Suppress(After()).Recorded().ShouldBe([Suppression()]);
        Suppress(After(Suppression())).ShouldBe(Decision.Unchanged);
        Suppress(After(Suppression()), everything: true).Recorded().ShouldBe([Suppression(everything: true)]);
        Suppress(After(Suppression(everything: true))).ShouldBe(Decision.Unchanged);
    }

    [Fact]
    public void Several_persons_share_an_address_and_each_leaves_it_alone()
    {
        var shared = After(Linked(Anna), Linked(Bert));
        shared.Links.ShouldBe([Anna, Bert], ignoreOrder: true);
        var left = LinkAddress.DecideUnlink(Tag, Anna, shared, Noon).Recorded();
        After([Linked(Anna), Linked(Bert), .. left]).Links.ShouldBe([Bert]);
        LinkAddress.DecideUnlink(Tag, Anna, After(Linked(Bert)), Noon).ShouldBe(Decision.Unchanged);
    }

    [Fact]
    public void Nobody_erased_is_linked_again()
    {
        var link = new LinkAddress(Noon, Actor.Subject, WordOf("web-form"));
        LinkAddress.Decide(link, Tag, Anna, After(), Given(), Noon).Recorded().ShouldBe([Linked(Anna)]);
        LinkAddress.Decide(link, Tag, Anna, After(Linked(Anna)), Given(), Noon).ShouldBe(Decision.Unchanged);
        LinkAddress.Decide(link, Tag, Anna, After(), Given(new ErasureStarted(NewId())), Noon).ShouldRefuse("subject_erased");
        LinkAddress.Decide(link with { OccurredAt = Noon.AddMinutes(6) }, Tag, Anna, After(), Given(), Noon).ShouldRefuse("occurred_in_future");
    }

    [Fact]
    public void Of_an_erased_person_who_had_left_something_a_suppressed_address_is_all_that_stays()
    {
        var unlinked = new AddressUnlinked(Tag, Anna, Actor.System, "erasure", Noon);
        EraseSubject.Unlinked(Anna, Given(Closed("newsletter")), After(Linked(Anna)), Noon).ShouldBe([unlinked, new AddressSuppressed(Tag, SuppressionCause.Erased, Actor.System, "erasure", Noon)]);
        EraseSubject.Unlinked(Anna, Given(Opened("newsletter")), After(Linked(Anna)), Noon).ShouldBe([unlinked]);
        EraseSubject.Unlinked(Anna, Given(Closed("newsletter")), After(Linked(Anna), Linked(Bert)), Noon).ShouldBe([unlinked with { NoStays = true }]);
        EraseSubject.Unlinked(Anna, Given(Opened("newsletter")), After(Linked(Anna), Linked(Bert)), Noon).ShouldBe([unlinked]);
        EraseSubject.Unlinked(Anna, Given(Closed("newsletter")), After(Linked(Anna), Suppression()), Noon).ShouldBe([unlinked]);
        EraseSubject.Unlinked(Anna, Given(Closed("newsletter")), After(Linked(Bert)), Noon).ShouldBeEmpty();
    }

    [Fact]
    public void A_no_that_stays_of_somebody_erased_waits_for_those_who_share_the_address_and_no_longer()
    {
        var shared = After(Linked(Anna), Linked(Bert));
        object[] annaErased = [Linked(Anna), Linked(Bert), .. EraseSubject.Unlinked(Anna, Given(Closed("newsletter")), shared, Noon)];
        After(annaErased).Standing.Standing.ShouldBe(AddressStanding.Deliverable);
        var gone = new AddressUnlinked(Tag, Bert, Actor.System, "erasure", Noon);
        EraseSubject.Unlinked(Bert, Given(Opened("newsletter")), After(annaErased), Noon).ShouldBe([gone, new AddressSuppressed(Tag, SuppressionCause.Erased, Actor.System, "erasure", Noon)]);
        LinkAddress.DecideUnlink(Tag, Bert, After(annaErased), Noon).Recorded().ShouldBe(
            [gone with { Method = "unlinked" }, new AddressSuppressed(Tag, SuppressionCause.Erased, Actor.System, "unlinked", Noon)]);

        // Not before the last of them, not where it is stopped already, and not where somebody released it meanwhile.
        var carl = NewId();
        LinkAddress.DecideUnlink(Tag, Bert, After([.. annaErased, Linked(carl)]), Noon).Recorded().ShouldBe([gone with { Method = "unlinked" }]);
        LinkAddress.DecideUnlink(Tag, Bert, After([.. annaErased, Suppression()]), Noon).Recorded().ShouldBe([gone with { Method = "unlinked" }]);
        object[] released = [.. annaErased, Complaint, new AddressReleased(Tag, Actor.Agent, "mailbox-repaired", Noon)];
        LinkAddress.DecideUnlink(Tag, Bert, After(released), Noon).Recorded().ShouldBe([gone with { Method = "unlinked" }]);
    }

    [Fact]
    public void The_id_of_an_address_is_no_subjects()
    {
        var id = Address.NewId();
        id.Value.Version.ShouldBe(8);
        StreamId.TryParse($"{id}", out _).ShouldBeFalse();
        Address.NewId().ShouldNotBe(id);
    }

    private static readonly AddressTag Tag = AddressTag.TryParse(new string('a', 64), out var tag) ? tag : throw new InvalidOperationException();

    private static readonly AddressBounced Soft = new(Tag, BounceKind.Soft, "provider", Noon, WordOf("4.2.2")), Hard = new(Tag, BounceKind.Hard, "provider", Noon, WordOf("5.1.1"));

    private static readonly AddressComplained Complaint = new(Tag, "provider", Noon);

    private static AddressLinked Linked(Guid subject) => new(Tag, subject, Actor.Subject, "web-form", Noon);

    private static AddressSuppressed Suppression(bool everything = false) => new(Tag, SuppressionCause.Asked, Actor.Agent, "phone", Noon, everything);

    private static Decision Release(Address address, Actor actor = Actor.Agent) => ReleaseAddress.Decide(new ReleaseAddress(Noon, actor, WordOf("mailbox-repaired")), Tag, address, Noon);

    private static Decision Suppress(Address address, bool everything = false) =>
        SuppressAddress.Decide(new SuppressAddress(Noon, Actor.Agent, WordOf("phone"), Everything: everything), Tag, address, Noon);

    private static Address After(params IEnumerable<object> facts) => Address.Stream.Replay(facts.Select(Stored), MarketingCatalog.Events);

    private static AddressStanding Standing(params IEnumerable<object> facts) => After(facts).Standing.Standing;
}
