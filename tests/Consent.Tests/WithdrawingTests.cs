using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Reading;
using ConsentLedger.EventStore;
using static ConsentLedger.Consent.Tests.Acts;
using static ConsentLedger.Consent.Tests.Story;

namespace ConsentLedger.Consent.Tests;

public sealed class WithdrawingTests
{
    [Fact]
    public void Withdrawing_one_channel_leaves_the_others() =>
        Given(Granted(1), Granted(1, channel: "sms")).On(2).When(Withdraw(2)).Then(Withdrawn(2).Facts).Asked(channel: "sms").Code.ShouldBe("consent_given");

    [Fact]
    public void Withdrawing_the_purpose_withdraws_every_channel()
    {
        var after = Given(Granted(1), Granted(1, recipient: Partners), Granted(1, channel: "sms")).On(2).When(Withdraw(2, channel: null, recipient: null))
            .Then(Withdrawn(2).Facts, Withdrawn(2, recipient: Partners).Facts, Withdrawn(2, channel: "sms").Facts, Withdrawn(2, channel: "sms", recipient: Partners).Facts);
        after.Asked().Code.ShouldBe("consent_withdrawn");
        after.Asked(recipient: Partners).Code.ShouldBe("consent_withdrawn");
        after.Asked(channel: "sms").Code.ShouldBe("consent_withdrawn");
    }

    [Fact]
    public void Withdrawing_from_one_recipient_leaves_the_others() =>
        Given(Granted(1), Granted(1, recipient: Partners)).On(2).When(Withdraw(2, recipient: Partners))
            .Then(Withdrawn(2, recipient: Partners).Facts).Asked().Code.ShouldBe("consent_given");

    [Fact]
    public void Withdrawing_again_writes_nothing() => Given(Granted(1), Withdrawn(2)).On(3).When(Withdraw(2)).ThenNothing();

    [Fact]
    public void A_second_no_keeps_an_older_yes_out()
    {
        // No on day 2, yes on day 5 (delayed on its way), no again on day 9: the last word is no.
        Given(Granted(1), Withdrawn(2)).On(9).When(Withdraw(9)).Then(Withdrawn(9).Facts)
            .On(10).When(Grant(5)).ThenNoted("withdrawal_prevails", Granted(5, inForce: false).Facts);
        Given(Granted(1), Withdrawn(9)).On(10).When(Withdraw(2)).ThenNothing();
    }

    [Fact]
    public void A_late_yes_must_be_dated_after_every_no_recorded_before_it() =>
        Given(Withdrawn(5), Granted(8), Withdrawn(1).OnDay(9)).On(10).When(Grant(3)).ThenNoted("withdrawal_prevails", Granted(3, inForce: false).Facts);

    [Fact]
    public void No_to_a_whole_purpose_is_no_to_every_channel_and_recipient_it_declares()
    {
        var no = Given().On(2).When(Withdraw(2, channel: null, recipient: null));
        var story = no.Then([.. no.Decision.ShouldBeOfType<Decision.Record>().Events.Select(e => e.Facts)]);
        story.Asked(recipient: Partners).Code.ShouldBe("consent_withdrawn");
        story.Asked(channel: "sms").Code.ShouldBe("consent_withdrawn");
        story.On(3).When(Grant(1, Actor.System, recipient: Partners)).ThenRefused("withdrawal_prevails");
    }

    [Fact]
    public void A_withdrawal_dated_ahead_counts_in_a_replay_as_of_when_it_was_recorded()
    {
        var story = Given(Granted(1), Withdrawn(32).OnDay(2));
        foreach (var asOf in new[] { Day(2), Day(3) })
        {
            var replay = new Replay(asOf, KnownAt: null);
            SubjectConsents.Stream.Replay(story.Log.Where(e => replay.Includes(e, ConsentCatalog.Events.Decode(e))), ConsentCatalog.Events)
                .Lanes[new Lane(Offers, "email", "controller")].Given.ShouldBeFalse();
        }
    }

    [Fact]
    public void No_to_what_was_never_asked_is_recorded()
    {
        Given().On(1).When(Withdraw(1)).Then(Withdrawn(1).Facts).Asked().Code.ShouldBe("consent_withdrawn");
    }

    [Theory]
    [InlineData(Actor.System)]
    [InlineData(Actor.Agent)]
    [InlineData(Actor.Guardian)]
    public void Anyone_may_withdraw_for_the_subject(Actor actor) =>
        Given(Granted(1)).On(2).When(Withdraw(2, actor)).Then(Withdrawn(2, actor).Facts).Asked().Allowed.ShouldBeFalse();

    [Fact]
    public void A_late_withdrawal_counts_from_its_position() =>
        Given(Granted(5)).On(6).When(Withdraw(4)).Then(Withdrawn(4).Facts).Asked().Code.ShouldBe("consent_withdrawn");

    [Fact]
    public void A_withdrawal_dated_ahead_is_never_refused() =>
        Given(Granted(1)).On(2).When(Withdraw(30)).Then(Withdrawn(30).Facts).Asked().Code.ShouldBe("consent_withdrawn");

    [Fact]
    public void What_the_policy_dropped_can_still_be_withdrawn()
    {
        var given = Given(Granted(1)).On(2);
        given.Then(Packs.Spectral.Next("2026-03-02", dropped: Offers)).When(Withdraw(2, channel: null)).Then(Withdrawn(2, version: "2026-03-02").Facts);
        given.Under().When(Withdraw(2)).Then(Withdrawn(2).Facts);
    }

    [Theory]
    [InlineData("astrology", null, null, "purpose_undeclared")]
    [InlineData(Offers, "phone", null, "channel_undeclared")]
    [InlineData(Offers, null, "advertisers", "recipient_undeclared")]
    [InlineData("order-processing", "email", null, "consent_not_the_basis")]
    public void What_was_neither_given_nor_declared_cannot_be_withdrawn(string purpose, string? channel, string? recipient, string code) =>
        Given(Granted(1)).On(2).When(Withdraw(2, purpose: purpose, channel: channel, recipient: recipient)).ThenRefused(code);

    [Fact]
    public void Evidence_is_sealed_beside_the_first_event_only()
    {
        var evidence = System.Text.Json.JsonSerializer.SerializeToElement(new { ip = "192.0.2.1" });
        var verdict = Given().On(1).When(Withdraw(1, channel: null) with { Evidence = evidence });
        var recorded = verdict.Decision.ShouldBeOfType<EventStore.Decision.Record>();
        recorded.Events.Select(e => e.Personal.IsEmpty).ShouldBe([false, true]);
    }

    [Fact]
    public void The_echo_of_an_unsubscription_takes_no_yes_away_that_was_said_since_under_one_law()
    {
        var unsubscription = Withdraw(2, recipient: null);
        var back = Given(Granted(1)).On(2).After(unsubscription).On(3).After(Grant(3) with { Jurisdiction = Token.Parse("FR") });
        back.On(4).When(unsubscription with { CausedBy = ("unsubscribed", Guid.Empty) }).ThenNothing();
        back.On(4).After(unsubscription).Asked().Code.ShouldBe("consent_withdrawn", "said again, it is a no again");
    }
}
