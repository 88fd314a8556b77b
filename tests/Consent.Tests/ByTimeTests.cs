using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Aging;
using ConsentLedger.Consent.Consents.Objecting;
using static ConsentLedger.Consent.Tests.Acts;
using static ConsentLedger.Consent.Tests.Story;

namespace ConsentLedger.Consent.Tests;

/// <summary>What happens to a person's stream when nobody does anything but the clock.</summary>
public sealed class ByTimeTests
{
    private static readonly Lane Email = new(Offers, "email", "controller");

    [Fact]
    public void A_consent_ends_when_its_time_is_over_and_not_before()
    {
        var given = Given().On(1).After(Grant(1) with { Until = Day(10) });
        given.On(9.9).WhenTimeHasCome().ThenNothing();
        var expired = given.On(12).WhenTimeHasCome().Then(new ConsentExpired(Email, 1));
        expired.Asked().Code.ShouldBe("consent_expired");
        expired.On(900).WhenTimeHasCome().ThenNothing();
    }

    [Fact]
    public void What_ends_without_an_end_never_does() => Given(Granted(1)).On(40_000).WhenTimeHasCome().ThenNothing();

    [Fact]
    public void A_renewed_consent_does_not_end_with_the_one_it_renews()
    {
        var renewed = Given().On(1).After(Grant(1) with { Until = Day(10) }).On(9).After(Grant(9) with { Until = Day(20) });
        renewed.On(15).WhenTimeHasCome().ThenNothing();
        renewed.On(20).WhenTimeHasCome().Then(new ConsentExpired(Email, 2));
    }

    [Fact]
    public void What_was_withdrawn_refused_or_voided_does_not_end_once_more()
    {
        var given = Given().On(1).After(Grant(1) with { Until = Day(10) });
        given.On(5).After(Withdraw(5)).On(20).WhenTimeHasCome().ThenNothing();
        given.Record(new RecordCorrected(1, true, null, null, Token.Parse("mistake"), Day(5), Actor.Agent, Token.Parse("desk"), null), Day(5)).On(20).WhenTimeHasCome().ThenNothing();
    }

    [Fact]
    public void What_nobody_confirmed_lapses()
    {
        var pending = Given().On(1).After(Grant(1) with { Confirm = true });
        var until = pending.State.Lanes[Email].Until.ShouldNotBeNull();
        pending.On((until - Day(1)).TotalDays + 0.9).WhenTimeHasCome().ThenNothing();
        pending.On(400).WhenTimeHasCome().Then(new ConsentExpired(Email, 1)).Asked().Code.ShouldBe("consent_expired");
    }

    [Fact]
    public void A_month_before_it_ends_it_is_told_once_that_it_will()
    {
        var given = Given().On(1).After(Grant(1) with { Until = Day(1).AddMonths(12) });
        var month = (Day(1).AddMonths(11) - Day(1)).TotalDays + 1;
        given.On(month - 0.1).WhenTimeHasCome().ThenNothing();
        var told = given.On(month).WhenTimeHasCome().Then(new ConsentRenewalDue(Email, 1, Day(1).AddMonths(12)));
        told.Asked().Code.ShouldBe("consent_given");
        told.On(month + 20).WhenTimeHasCome().ThenNothing();
        told.On(month + 20).After(Grant(month + 20) with { Until = Day(1).AddMonths(24) }).On(month + 40).WhenTimeHasCome().ThenNothing();
        told.On(month + 40).WhenTimeHasCome().Then(new ConsentExpired(Email, 1));
    }

    [Fact]
    public void Nobody_is_asked_to_renew_what_is_over_nor_what_was_never_given_for_longer()
    {
        Given().On(1).After(Grant(1) with { Until = Day(1).AddMonths(12) }).On(900).WhenTimeHasCome().Then(new ConsentExpired(Email, 1));
        Given().On(1).After(Grant(1) with { Until = Day(1).AddMonths(1) }).On(20).WhenTimeHasCome().ThenNothing();
        Given().On(1).After(Grant(1) with { Confirm = true }).On(6).WhenTimeHasCome().ThenNothing();
    }

    [Fact]
    public void Several_end_each_by_itself_in_the_order_of_their_ends()
    {
        var given = Given().On(1).After(Grant(1) with { Until = Day(20) }).After(Grant(1, recipient: Partners) with { Until = Day(10) }).After(Grant(1, channel: "sms", recipient: Partners) with { Until = Day(30) });
        given.On(25).WhenTimeHasCome().Decision.ShouldBeOfType<EventStore.Decision.Record>().Events.Select(e => (ConsentExpired)e.Facts).Select(e => (e.Lane, e.Rested))
            .ShouldBe([(Email with { Recipient = Partners }, 2), (Email, 1)]);
    }

    [Fact]
    public void Whoever_was_promised_to_be_told_of_an_end_is_named()
    {
        var pack = Packs.Spectral with { Recipients = [.. Packs.Spectral.Recipients.Select(r => r with { ToldOfWithdrawal = true })] };
        Given().Under(pack).On(1).After(Grant(1, recipient: Partners) with { Until = Day(10) }).On(11).WhenTimeHasCome().Decision
            .ShouldBeOfType<EventStore.Decision.Record>().Events.Single().Facts.ShouldBeOfType<ConsentExpired>().RecipientsToTell.ShouldBe([Partners]);
    }

    [Fact]
    public void A_child_comes_of_age_once_and_an_adult_never()
    {
        var child = Given().Under(Packs.Of("quintus")).On(1).After(Born("2008-05"));
        child.On(90).WhenTimeHasCome().ThenNothing();
        var grown = child.On(95).WhenTimeHasCome().Then(new SubjectCameOfAge(child.State.Age!.OfAgeFrom));
        grown.On(900).WhenTimeHasCome().ThenNothing();
        Given().Under(Packs.Of("quintus")).On(1).After(Born("1980-01")).On(900).WhenTimeHasCome().ThenNothing();
    }

    [Fact]
    public void An_objection_is_overdue_once_unless_it_was_decided()
    {
        var objected = Given().On(2).After(Object(2));
        var due = objected.State.Objections[0].Due.ShouldNotBeNull();
        objected.On(20).WhenTimeHasCome().ThenNothing();
        var overdue = objected.On(70).WhenTimeHasCome().Then(new ObjectionOverdue(1, due));
        overdue.On(900).WhenTimeHasCome().ThenNothing();
        overdue.State.Objections[0].Stands.ShouldBeTrue();
        objected.On(5).After(new DecideObjection(1, false, Token.Parse("compelling-grounds"), Day(5), Actor.Agent, Token.Parse("desk"))).On(70).WhenTimeHasCome().ThenNothing();
    }

    [Fact]
    public void Behind_the_fence_of_an_erasure_time_stands_still()
    {
        var given = Given().Under(Packs.Of("quintus")).On(1).After(Born("2008-05")).Record(Granted(1).Facts is ConsentGranted g ? g with { Until = Day(10) } : null!, Day(1));
        given.Record(new ErasureStarted(Guid.Empty), Day(5)).On(900).WhenTimeHasCome().ThenNothing();
        given.Record(new ErasureStarted(Guid.Empty), Day(5)).Record(new SubjectErased(Guid.Empty), Day(5)).On(900).WhenTimeHasCome().ThenNothing();
    }

    private static StateBirthMonth Born(string month) => new(month, Day(1), Actor.Subject, Token.Parse("web-form"));

    private static ObjectToProcessing Object(double day) =>
        new(ObjectionTo.Purpose, Day(day), Actor.Subject, Token.Parse("account-page"), "content-analysis", Evidence: System.Text.Json.JsonDocument.Parse("""{"reason":"mine"}""").RootElement);
}
