using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Asking;
using ConsentLedger.Consent.Consents.Confirming;
using ConsentLedger.Consent.Consents.Correcting;
using ConsentLedger.Consent.Consents.Granting;
using ConsentLedger.Consent.Consents.Refusing;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;
using static ConsentLedger.Consent.Tests.Acts;
using static ConsentLedger.Consent.Tests.Story;

namespace ConsentLedger.Consent.Tests;

/// <summary>Asked, pending, confirmed, refused, renewed, expired, corrected: each is a state of its own, and only one of them allows anything.</summary>
public sealed class LifeOfAConsentTests
{
    private static readonly Lane Email = new(Offers, "email", "controller");

    [Fact]
    public void Being_asked_is_not_having_answered()
    {
        var asked = Given().On(1).After(Ask(1));
        asked.Asked().Code.ShouldBe("consent_asked");
        asked.On(2).After(Grant(2)).Asked().Code.ShouldBe("consent_given");
        asked.On(2).After(Refuse(2)).Asked().Code.ShouldBe("consent_refused");
    }

    [Fact]
    public void Being_asked_again_takes_no_answer_back()
    {
        Given(Granted(1)).On(2).After(Ask(2)).Asked().Code.ShouldBe("consent_given");
        Given(Withdrawn(1)).On(2).After(Ask(2)).Asked().Code.ShouldBe("consent_withdrawn");
        Given().On(1).After(Refuse(1)).On(2).After(Ask(2)).Asked().Code.ShouldBe("consent_refused");
    }

    [Fact]
    public void A_first_step_allows_nothing_and_the_second_step_does()
    {
        var pending = Given().On(1).After(First(1));
        pending.Asked().Code.ShouldBe("consent_pending");
        var confirmed = pending.On(3).When(Confirm(3)).Decision.ShouldBeOfType<Decision.Record>().Events.ShouldHaveSingleItem().Facts.ShouldBeOfType<ConsentConfirmed>();
        (confirmed.Confirms, confirmed.Text, confirmed.Lane).ShouldBe((1, Text, Email));
        pending.On(3).After(Confirm(3)).Asked().ShouldBe(new(true, "consent_given", LawfulBasis.Consent, 1, Packs.Spectral.Version));
    }

    [Fact]
    public void Confirming_twice_writes_nothing() => Given().On(1).After(First(1)).On(2).After(Confirm(2)).On(3).When(Confirm(3)).ThenNothing();

    [Fact]
    public void A_withdrawal_between_the_steps_leaves_nothing_to_confirm()
    {
        var withdrawn = Given().On(1).After(First(1)).On(2).After(Withdraw(2));
        withdrawn.On(3).When(Confirm(3)).ThenRefused("nothing_to_confirm");
        withdrawn.Asked().Code.ShouldBe("consent_withdrawn");
    }

    [Fact]
    public void Nobody_confirms_what_was_never_asked_for() => Given().On(1).When(Confirm(1)).ThenRefused("nothing_to_confirm");

    [Fact]
    public void The_time_to_confirm_ends()
    {
        var pending = Given().On(1).After(First(1));
        pending.On(8).Asked().Code.ShouldBe("consent_expired");
        pending.On(8.1).When(Confirm(8.1)).ThenRefused("confirmation_late");
        Given().On(1).After(Grant(1) with { Confirm = true, Until = Day(2) }).On(3).When(Confirm(3)).ThenRefused("confirmation_late");
        pending.On(9).After(Confirm(7.9)).Asked().Code.ShouldBe("consent_given", "it was done in time and only arrived late");
    }

    [Fact]
    public void A_first_step_takes_no_consent_away() => Given(Granted(1)).On(2).After(First(2) with { Text = Shown("fr") }).Asked().Code.ShouldBe("consent_given");

    [Fact]
    public void A_refusal_counts_as_a_withdrawal_does()
    {
        var refused = Given(Granted(1)).On(2).After(Refuse(2));
        refused.Asked().Code.ShouldBe("consent_refused");
        refused.On(3).When(Grant(2.5, Actor.System)).ThenRefused("withdrawal_prevails");
        refused.On(3).After(Grant(2.5)).Asked().Code.ShouldBe("consent_given");
        refused.On(3).When(Refuse(2)).ThenNothing();
    }

    [Fact]
    public void A_consent_ends_when_it_says_whether_or_not_anybody_noticed()
    {
        var given = Given().On(1).After(Grant(1) with { Until = Day(10) });
        given.On(9.9).Asked().Code.ShouldBe("consent_given");
        given.On(10).Asked().Code.ShouldBe("consent_expired");
        given.On(10).Record(new ConsentExpired(Email, 1), Day(10)).Asked().Code.ShouldBe("consent_expired");
    }

    [Fact]
    public void A_policy_sets_how_long_a_consent_stands_at_most()
    {
        var pack = Packs.Spectral with { Purposes = [.. Packs.Spectral.Purposes.Select(p => p.Id == Offers ? p with { ValidMonths = 1 } : p)] };
        Until(Grant(1)).ShouldBe(Day(1).AddMonths(1));
        Until(Grant(1) with { Until = Day(900) }).ShouldBe(Day(1).AddMonths(1));
        Until(Grant(1) with { Until = Day(5) }).ShouldBe(Day(5));

        DateTimeOffset? Until(GrantConsent grant) => Given().Under(pack).On(1).After(grant).State.Lanes[Email].Until;
    }

    [Fact]
    public void A_consent_cannot_end_before_it_begins() => Given().On(3).When(Grant(3) with { Until = Day(2) }).ThenRefused("until_passed");

    [Fact]
    public void A_consent_stands_while_its_renewal_waits_to_be_confirmed_and_is_renewed_by_the_second_step()
    {
        var changed = Given().On(1).After(First(1)).On(2).After(Confirm(2)).On(3).Then(Packs.Spectral.Next("2026-03-03"));
        var waiting = changed.On(4).After(First(4));
        waiting.State.Lanes[Email].ShouldSatisfyAllConditions(l => l.Given.ShouldBeTrue(), l => l.Place.Version.ShouldBe(2));
        waiting.Asked().Code.ShouldBe("consent_given");

        var renewed = waiting.On(5).After(Confirm(5));
        (renewed.State.Lanes[Email].Place.Version, renewed.State.Lanes[Email].PolicyVersion).ShouldBe((4, "2026-03-03"));
        renewed.On(6).When(Confirm(6)).ThenNothing();
        waiting.On(5).After(Withdraw(5)).On(6).When(Confirm(6)).ThenRefused("nothing_to_confirm");
        waiting.On(12).When(Confirm(12)).ThenRefused("confirmation_late");
    }

    [Fact]
    public void A_renewed_consent_does_not_end_with_the_one_it_renews()
    {
        var renewed = Given().On(1).After(Grant(1) with { Until = Day(10) }).On(9).After(Grant(9) with { Until = Day(20) });
        renewed.On(10).Record(new ConsentExpired(Email, 1), Day(10)).Asked().Code.ShouldBe("consent_given");
        renewed.State.Lanes[Email].Place.Version.ShouldBe(2);
    }

    [Fact]
    public void A_change_in_substance_ends_older_consents_and_no_other_change_does()
    {
        var material = Packs.Spectral.Next("2026-03-02") with { Changes = Packs.Spectral.Changes with { Material = [new MaterialChange { Purpose = Offers, Summary = new Dictionary<string, string> { ["en"] = "More partners" } }] } };
        Given(Granted(1)).Then(Packs.Spectral.Next("2026-03-02")).Asked().Code.ShouldBe("consent_given");
        var changed = Given(Granted(1), Granted(1, purpose: "agreed-sharing", channel: null)).Then(material).On(3);
        changed.Asked().Code.ShouldBe("renewal_needed");
        changed.Asked("agreed-sharing", null).Code.ShouldBe("consent_given");
        changed.After(Grant(3)).Asked().Code.ShouldBe("consent_given");
        changed.Then(Packs.Spectral.Next("2026-03-04")).Asked().Code.ShouldBe("renewal_needed", "a later version does not mend it");
    }

    [Fact]
    public void A_yes_recorded_by_mistake_is_voided_and_brings_nothing_back()
    {
        var voided = Given(Granted(1), Granted(2)).On(3).After(Correct(2) with { Voided = true });
        voided.Asked().Code.ShouldBe("consent_voided");
        voided.Log.Count.ShouldBe(3, "history keeps both");
        voided.On(4).After(Grant(4)).Asked().Code.ShouldBe("consent_given");
    }

    [Fact]
    public void A_correction_takes_no_no_back()
    {
        Given(Granted(1), Withdrawn(2)).On(3).When(Correct(2) with { Voided = true }).ThenRefused("withdrawal_prevails");
        Given(Granted(1), Withdrawn(2)).On(3).When(Correct(2) with { DoneAt = Day(0) }).ThenRefused("withdrawal_prevails");
        Given(Granted(1), Withdrawn(2), Granted(3)).On(4).After(Correct(3) with { DoneAt = Day(1.5) }).Asked().Allowed.ShouldBeFalse("the yes came before the no");
        Given(Granted(1)).On(4).When(Correct(1) with { DoneAt = Day(3) }).ThenRefused("correction_later");
    }

    [Fact]
    public void A_late_yes_brings_nothing_back_that_ran_out_or_was_voided()
    {
        var expired = Given().On(5).After(Grant(5) with { Until = Day(6) }).On(7).Record(new ConsentExpired(Email, 1), Day(7));
        expired.On(8).After(Grant(3)).Asked().Code.ShouldBe("consent_expired");
        Given(Granted(5)).On(6).After(Correct(1) with { Voided = true }).On(7).After(Grant(3)).Asked().Code.ShouldBe("consent_voided");
    }

    [Fact]
    public void Nobody_else_s_word_takes_the_place_of_the_persons_own()
    {
        Given(Granted(1)).On(3).When(Grant(3, Actor.System, text: Shown("fr"))).ThenNothing();
        Given(Granted(5, Actor.System)).On(6).After(Grant(3, text: Shown("fr"))).State.Lanes[Email].Actor.ShouldBe(Actor.Subject);
    }

    [Fact]
    public void A_first_step_keeps_when_the_consent_ends()
    {
        var confirmed = Given().On(1).After(First(1) with { Until = Day(30) }).On(2).After(Confirm(2));
        confirmed.Asked().Code.ShouldBe("consent_given");
        confirmed.On(31).Asked().Code.ShouldBe("consent_expired");
        Given().On(1).After(First(1)).On(9).Record(new ConsentExpired(Email, 1), Day(9)).On(10).After(Confirm(7)).Asked().Code.ShouldBe("consent_given", "it was done in time, whatever the timer thought");
    }

    [Fact]
    public void A_yes_dated_less_than_a_millisecond_before_a_no_does_not_come_after_it()
    {
        // Our clock leaves out the rest of the millisecond in which all of it happened.
        var (said, no) = (Day(2).AddMicroseconds(300), Day(2).AddMicroseconds(700));
        foreach (var claimed in new[] { no, said.AddMilliseconds(1) })
        {
            var refused = new Recorded(new ConsentRefused(Email, Packs.Spectral.Version, claimed, Actor.Subject, Token.Parse("web-form"), null, null, null), Day(2));
            Given(Granted(1), refused, Granted(3)).On(4).After(Correct(3) with { DoneAt = said }).Asked().Code.ShouldBe("consent_voided");
            Given(Granted(1), refused).On(3).When(Grant(1) with { OccurredAt = said }).ThenNoted("withdrawal_prevails", (ConsentGranted)Granted(1, inForce: false).Facts with { OccurredAt = said });
        }
    }

    [Fact]
    public void A_correction_points_at_something_and_says_something()
    {
        Given(Granted(1)).On(2).When(Correct(7) with { Voided = true }).ThenRefused("nothing_to_correct");
        Given(Granted(1)).On(2).When(Correct(1)).ThenRefused("correction_empty");
        Given(Granted(1)).On(2).When(Correct(1) with { DoneAt = Day(5) }).ThenRefused("occurred_in_future");
        Given(Granted(1)).On(2).After(Correct(1) with { Text = Shown("fr") }).State.Lanes[Email].Text.ShouldBe(Shown("fr"));
    }

    [Fact]
    public void What_was_shown_is_kept_with_its_hash_and_another_text_is_refused()
    {
        var shown = new TextShown(Token.Parse("partner-offers-v1"), Token.Parse("en"));
        Given().On(1).After(Grant(1, text: shown)).State.Lanes[Email].Text.ShouldBe(Text);
        Given().On(1).When(Grant(1, text: shown with { Hash = Token.Parse($"sha256:{new string('0', 64)}") })).ThenRefused("text_differs");
        Given().On(1).When(Grant(1, text: shown with { Id = Token.Parse("another") })).ThenRefused("text_undeclared");
    }

    [Fact]
    public void What_was_merely_implied_is_no_express_consent()
    {
        Given().On(1).When(Grant(1, purpose: "agreed-sharing", channel: null) with { Implied = true, Text = null }).ThenRefused("express_needed");
        Given().On(1).After(Grant(1) with { Implied = true }).Asked().Code.ShouldBe("consent_given");
    }

    private static AskConsent Ask(double day) => new(Offers, Text, Day(day), Actor.System, Token.Parse("web-form"), "email");

    private static GrantConsent First(double day) => Grant(day) with { Confirm = true };

    private static ConfirmConsent Confirm(double day) => new(Offers, Day(day), Actor.Subject, Token.Parse("link"), "email");

    private static RefuseConsent Refuse(double day) => new(Offers, Day(day), Actor.Subject, Token.Parse("web-form"), "email");

    private static CorrectRecord Correct(long version) => new(version, Token.Parse("mistake"), Day(1), Actor.Agent, Token.Parse("desk"));
}
