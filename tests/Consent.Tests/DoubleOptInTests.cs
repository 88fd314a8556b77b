using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Confirming;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;
using static ConsentLedger.Consent.Tests.Acts;
using static ConsentLedger.Consent.Tests.Story;

namespace ConsentLedger.Consent.Tests;

/// <summary>Where the policy asks for a double opt-in, a yes is the first of two steps, whoever brings it and whatever they say about it.</summary>
public sealed class DoubleOptInTests
{
    private static readonly PolicyPack Twice = Packs.Spectral.AskingTwice(Offers);

    [Theory]
    [InlineData(Actor.Subject)]
    [InlineData(Actor.Guardian)]
    [InlineData(Actor.Agent)]
    [InlineData(Actor.System)]
    public void A_yes_waits_whoever_says_it(Actor actor)
    {
        var waiting = Given().Under(Twice).On(1).When(Grant(1, actor));
        waiting.Decision.ShouldBeOfType<Decision.Record>().Note.ShouldBe("confirmation_needed");
        waiting.Decision.ShouldBeOfType<Decision.Record>().Events.ShouldHaveSingleItem().Facts.ShouldBeOfType<ConsentPending>().Until.ShouldBe(Day(8));
        var pending = Given().Under(Twice).On(1).After(Grant(1, actor));
        pending.Asked().Code.ShouldBe("consent_pending");
        pending.On(2).After(Confirm(2)).Asked().Code.ShouldBe("consent_given");
    }

    [Fact]
    public void Evidence_an_older_list_and_what_was_implied_make_it_no_more_than_a_first_step()
    {
        using var seen = JsonDocument.Parse("""{ "signedIn": true }""");
        foreach (var grant in new[] { Grant(1) with { Evidence = seen.RootElement }, Grant(1) with { Method = Token.Parse("import"), Source = Token.Parse("old-crm") }, Grant(1) with { Implied = true }, Grant(1) with { Until = Day(90) }, Grant(1) with { Confirm = true } })
            Given().Under(Twice).On(1).After(grant).Asked().Code.ShouldBe("consent_pending");
    }

    [Fact]
    public void It_may_be_asked_for_over_one_channel_alone()
    {
        var story = Given().Under(Packs.Spectral.AskingTwice(Offers, "email")).On(1);
        story.After(Grant(1)).Asked().Code.ShouldBe("consent_pending");
        story.After(Grant(1, channel: "sms")).Asked(channel: "sms").Code.ShouldBe("consent_given");
    }

    [Fact]
    public void It_may_be_asked_for_where_there_is_no_channel()
    {
        const string Sharing = "agreed-sharing";
        Given().Under(Packs.Spectral.AskingTwice(Sharing)).On(1).After(Grant(1, purpose: Sharing, channel: null) with { Text = null }).Asked(Sharing, null).Code.ShouldBe("consent_pending");
    }

    [Fact]
    public void A_consent_from_before_it_was_asked_for_stands_also_while_its_renewal_waits()
    {
        var before = Given(Granted(1)).Then(Twice with { Version = "2026-03-02" }).On(3);
        before.Asked().Code.ShouldBe("consent_given");
        var renewing = before.After(Grant(3));
        renewing.Asked().Code.ShouldBe("consent_given");
        renewing.Log[^1].Type.ShouldBe("consent.pending.v1");
        renewing.On(4).After(Confirm(4)).State.Lanes[new Lane(Offers, "email", "controller")].PolicyVersion.ShouldBe("2026-03-02");
    }

    [Fact]
    public void A_yes_that_is_said_to_be_older_than_the_policy_waits_as_well() =>
        Given().On(2).Then(Twice with { Version = "2026-03-02" }).On(3).After(Grant(1)).Asked().Code.ShouldBe("consent_pending", "else a date would be a way around it");

    [Fact]
    public void A_yes_from_when_it_was_asked_for_waits_also_when_it_is_no_longer() =>
        Given().Under(Twice).Then(Packs.Spectral.Next("2026-03-02")).On(3).After(Grant(0.5)).Asked().Code.ShouldBe("consent_pending");

    [Fact]
    public void Word_of_a_second_step_that_comes_again_is_not_the_second_of_another_law()
    {
        var twoLaws = Twice with { Regimes = [.. Twice.Regimes, new JurisdictionRegime { Jurisdiction = "US-CA", Regime = Regime.OptIn }] };
        var confirmed = Given().Under(twoLaws).On(1).After(Grant(1) with { Jurisdiction = Token.Parse("US-CA") }).On(2).After(Grant(2) with { Jurisdiction = Token.Parse("FR") }).On(3).After(Confirm(3));
        confirmed.On(4).When(Confirm(3)).ThenNothing();
        confirmed.On(4).After(Confirm(4)).Asked(Question(Offers, "email", null) with { Jurisdiction = "US-CA" }).Code.ShouldBe("consent_given", "another click is another step");
    }

    [Fact]
    public void Word_that_comes_late_of_both_steps_counts() =>
        Given().Under(Twice).On(60).After(Grant(1)).After(Confirm(3)).Asked().Code.ShouldBe("consent_given");

    [Fact]
    public void A_second_step_that_was_taken_before_the_first_confirms_nothing()
    {
        var waiting = Given().Under(Twice).On(5).After(Grant(5));
        waiting.When(Confirm(2)).ThenRefused("nothing_to_confirm");
        waiting.Asked().Code.ShouldBe("consent_pending");
        waiting.After(Confirm(5 - (4.0 / (24 * 60)))).Asked().Code.ShouldBe("consent_given", "clocks may differ by five minutes");
    }

    [Fact]
    public void A_yes_from_before_a_withdrawal_stays_history() => Given(Withdrawn(5)).Under(Twice).On(6).After(Grant(4)).Asked().Code.ShouldBe("consent_withdrawn");

    [Fact]
    public void Saying_it_again_once_it_is_confirmed_writes_nothing() => Given().Under(Twice).On(1).After(Grant(1)).On(2).After(Confirm(2)).On(3).When(Grant(3)).ThenNothing();

    [Fact]
    public void Silence_is_no_yes_where_one_yes_is_none()
    {
        var optOut = Packs.Spectral with { Regimes = [new JurisdictionRegime { Jurisdiction = "US", Regime = Regime.OptOut }] };
        var question = Question(Offers, "email", null) with { Jurisdiction = "US" };
        Given().Under(optOut).Asked(question).Code.ShouldBe("opt_out_regime");
        Given().Under(optOut.AskingTwice(Offers)).Asked(question).ShouldSatisfyAllConditions(a => a.Allowed.ShouldBeFalse(), a => a.Code.ShouldBe("consent_unknown"));
        Given().Under(optOut.AskingTwice(Offers, "sms")).Asked(question).Code.ShouldBe("opt_out_regime");
    }

    [Fact]
    public void A_confirmation_that_names_no_place_is_of_what_waits_under_whatever_law()
    {
        var twice = Twice with { Regimes = [new JurisdictionRegime { Jurisdiction = "US", Regime = Regime.OptOut }, new JurisdictionRegime { Jurisdiction = "FR", Regime = Regime.OptIn }] };
        var waiting = Given().Under(twice).On(1).After(Grant(1) with { Jurisdiction = Token.Parse("US") }).After(Grant(1) with { Jurisdiction = Token.Parse("FR"), Recipient = Partners });
        var confirmed = waiting.On(2).After(Confirm(2));
        confirmed.Asked(Question(Offers, "email", null) with { Jurisdiction = "US" }).Code.ShouldBe("consent_given");
        confirmed.Asked(Question(Offers, "email", Partners) with { Jurisdiction = "FR" }).Code.ShouldBe("consent_pending", "it is another recipient's");
        confirmed.On(3).When(Confirm(3)).ThenNothing();
        waiting.On(2).When(Confirm(2) with { Jurisdiction = Token.Parse("FR") }).Decision.ShouldBeOfType<Decision.Refuse>().Refusal.Code.ShouldBe("nothing_to_confirm");
    }

    private static ConfirmConsent Confirm(double day) => new(Offers, Day(day), Actor.Subject, Token.Parse("confirmation-link"), "email");
}
