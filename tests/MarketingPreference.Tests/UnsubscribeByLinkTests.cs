using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Unsubscribing;
using static ConsentLedger.MarketingPreference.Tests.People;

namespace ConsentLedger.MarketingPreference.Tests;

public sealed class UnsubscribeByLinkTests
{
    [Fact]
    public void One_click_records_who_did_what_to_which_delivery()
    {
        var left = Decide("newsletter", Given(Opened("newsletter"))).Recorded().ShouldHaveSingleItem().ShouldBeOfType<Unsubscribed>();
        left.ShouldBe(new Unsubscribed(
            "newsletter", "email", "newsletter", "consent", Cause.OneClick, Actor.Subject, "unsubscribe-link", Noon, true, WordOf("mail-1"), WordOf("r.2")));
    }

    [Fact]
    public void A_repeat_writes_nothing() => Decide("newsletter", Given(Closed("newsletter"))).ShouldBe(Decision.Unchanged);

    [Fact]
    public void A_later_no_is_recorded_for_its_own_moment_and_a_second_press_is_not()
    {
        var left = Given(Closed("newsletter", withdrawsConsent: true));
        UnsubscribeByLink.Decide(Link("newsletter"), Cause.OneClick, left, InForce, Noon.AddMinutes(1)).ShouldBe(Decision.Unchanged);
        var again = UnsubscribeByLink.Decide(Link("newsletter"), Cause.OneClick, left, InForce, Noon.AddMinutes(2)).Recorded().ShouldHaveSingleItem().ShouldBeOfType<Unsubscribed>();
        (again.OccurredAt, again.WithdrawsConsent).ShouldBe((Noon.AddMinutes(2), true));
    }

    [Fact]
    public void Nobody_is_left_to_unsubscribe_who_was_erased() => Decide("newsletter", Given(new ErasureStarted(NewId()))).ShouldBe(Decision.Unchanged);

    [Fact]
    public void A_topic_that_the_policy_has_dropped_since_can_still_be_left()
    {
        var dropped = InForce with { Packs = [Packs.Northwind, Packs.Parse(Packs.NorthwindJson().Without("module-crm"))] };
        UnsubscribeByLink.Decide(Link("module-crm"), Cause.Page, Given(), dropped, Noon).Recorded().ShouldHaveSingleItem().ShouldBeOfType<Unsubscribed>().Basis.ShouldBe("legitimate-interests");
    }

    [Fact]
    public void A_topic_nobody_ever_declared_cannot() =>
        UnsubscribeByLink.Decide(Link("newsletter"), Cause.Page, Given(), PolicyBook.Empty, Noon).ShouldRefuse("topic_undeclared");

    [Fact]
    public void Leaving_a_transactional_topic_is_kept_and_withdraws_nothing() =>
        Decide("prize-notices", Given(Closed("contests"), Closed("surveys-and-contests"))).Recorded().OfType<Unsubscribed>().Single().WithdrawsConsent.ShouldBeFalse();

    private static Decision Decide(string topic, SubjectPreferences subject) => UnsubscribeByLink.Decide(Link(topic), Cause.OneClick, subject, InForce, Noon);

    private static UnsubscribeLink Link(string topic) => new(TenantId.Parse(Packs.Tenant), Somebody, topic, "email", WordOf("mail-1"), WordOf("r.2"), Noon.AddDays(1));
}
