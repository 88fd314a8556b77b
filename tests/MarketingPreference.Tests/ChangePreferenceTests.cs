using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Preferences.Changing;
using static ConsentLedger.MarketingPreference.Tests.People;

namespace ConsentLedger.MarketingPreference.Tests;

public sealed class ChangePreferenceTests
{
    private static readonly DateTimeOffset Now = Noon.AddHours(1);

    [Fact]
    public void What_the_policy_does_not_declare_is_refused()
    {
        Decide(No(), Given(), "horoscopes").ShouldRefuse("topic_undeclared");
        Decide(No(), Given(), "newsletter", "phone").ShouldRefuse("channel_undeclared");
        ChangePreference.Decide(No(), "newsletter", "email", Given(), pack: null, Now).ShouldRefuse("policy_missing");
    }

    [Fact]
    public void Nothing_is_recorded_about_someone_erased() =>
        Decide(No(), Given(new ErasureStarted(NewId())), "newsletter").ShouldRefuse("subject_erased");

    [Fact]
    public void An_act_of_tomorrow_is_refused() => Decide(No() with { OccurredAt = Now.AddMinutes(6) }, Given(), "newsletter").ShouldRefuse("occurred_in_future");

    [Fact]
    public void A_topic_on_another_basis_is_subscribed_to_and_left_without_touching_any_consent()
    {
        var subscribed = Decide(Yes(), Given(), "module-crm").Recorded().ShouldHaveSingleItem().ShouldBeOfType<Subscribed>();
        (subscribed.Basis, subscribed.Cause, subscribed.Purpose).ShouldBe(("legitimate-interests", Cause.Preference, "crm-notifications"));
        Decide(No(), Given(subscribed), "module-crm").Recorded().ShouldHaveSingleItem().ShouldBeOfType<Unsubscribed>().WithdrawsConsent.ShouldBeFalse();
    }

    [Fact]
    public void A_topic_that_rests_on_consent_is_not_subscribed_to_here_without_it()
    {
        Decide(Yes(), Given(), "newsletter").ShouldRefuse("consent_needed");
        Decide(Yes(), Given(Heard(1, given: false)), "newsletter").ShouldRefuse("consent_needed");
        Decide(Yes(), Given(Heard(1, given: true)), "newsletter").Recorded().ShouldHaveSingleItem().ShouldBeOfType<Subscribed>().Basis.ShouldBe("consent");
    }

    [Fact]
    public void Choosing_what_already_is_writes_nothing()
    {
        Decide(Yes(), Given(Opened("newsletter")), "newsletter").ShouldBe(Decision.Unchanged);
        Decide(No() with { OccurredAt = Noon.AddMinutes(1) }, Given(Closed("newsletter")), "newsletter").ShouldBe(Decision.Unchanged);
        Decide(No() with { OccurredAt = Noon.AddDays(-1) }, Given(Closed("newsletter")), "newsletter").ShouldBe(Decision.Unchanged);
    }

    [Fact]
    public void A_yes_from_between_two_noes_does_not_come_after_both()
    {
        var left = Given([Closed("module-crm", at: Noon.AddYears(-2)), .. Decide(No() with { OccurredAt = Noon.AddDays(-1) }, Given(Closed("module-crm", at: Noon.AddYears(-2))), "module-crm").Recorded()]);
        Decide(Yes() with { OccurredAt = Noon.AddYears(-1) }, left, "module-crm").ShouldRefuse("unsubscribe_prevails");
        Decide(Yes(), left, "module-crm").Recorded().ShouldHaveSingleItem();
    }

    [Fact]
    public void A_clock_that_runs_ahead_does_not_make_each_repeat_a_later_no() =>
        ChangePreference.Decide(No() with { OccurredAt = Noon.AddMinutes(4) }, "newsletter", "email", Given(Closed("newsletter", at: Noon.AddMinutes(4))), Packs.Northwind, Noon.AddSeconds(30)).ShouldBe(Decision.Unchanged);

    [Fact]
    public void A_no_to_what_was_never_asked_is_kept() => Decide(No(), Given(), "newsletter").Recorded().ShouldHaveSingleItem().ShouldBeOfType<Unsubscribed>();

    [Fact]
    public void Only_the_persons_own_later_act_undoes_a_no()
    {
        var left = Given(Closed("module-crm", at: Noon));
        Decide(Yes() with { Actor = Actor.Agent }, left, "module-crm").ShouldRefuse("unsubscribe_prevails");
        Decide(Yes() with { OccurredAt = Noon }, left, "module-crm").ShouldRefuse("unsubscribe_prevails");
        Decide(Yes() with { OccurredAt = Noon.AddSeconds(1) }, left, "module-crm").Recorded().ShouldHaveSingleItem().ShouldBeOfType<Subscribed>().Again.ShouldBeTrue();
    }

    [Fact]
    public void A_no_from_a_clock_that_runs_ahead_does_not_keep_a_later_yes_out() =>
        Decide(Yes() with { OccurredAt = Noon.AddMinutes(1) }, Given(Closed("module-crm", at: Noon.AddMinutes(4))), "module-crm").Recorded().ShouldNotBeEmpty();

    [Fact]
    public void A_yes_dated_less_than_a_millisecond_before_a_no_does_not_undo_it() =>
        Decide(Yes() with { OccurredAt = Noon.AddMicroseconds(300) }, Given(Closed("module-crm", at: Noon.AddMicroseconds(700))), "module-crm").ShouldRefuse("unsubscribe_prevails");

    [Fact]
    public void The_last_open_topic_of_a_consent_takes_the_consent_with_it()
    {
        Withdraws("surveys-and-contests", Given(Opened("surveys-and-contests"), Opened("contests"))).ShouldBeFalse();
        Withdraws("surveys-and-contests", Given(Opened("surveys-and-contests"), Closed("contests"))).ShouldBeTrue();
        Withdraws("newsletter", Given()).ShouldBeTrue();
    }

    [Fact]
    public void A_topic_never_asked_about_may_be_sent_so_the_consent_stays() => Withdraws("surveys-and-contests", Given()).ShouldBeFalse();

    [Fact]
    public void Channels_are_left_one_by_one() =>
        Withdraws("contests", Given(Closed("surveys-and-contests"), Opened("contests"), Opened("contests", "phone"))).ShouldBeTrue();

    [Fact]
    public void An_agent_is_named_as_the_cause() =>
        Decide(No() with { Actor = Actor.Agent }, Given(), "newsletter").Recorded().OfType<Unsubscribed>().Single().Cause.ShouldBe(Cause.Agent);

    [Theory]
    [InlineData("web-form", true)]
    [InlineData("a.b_c-9", true)]
    [InlineData("", false)]
    [InlineData("maria@example.org", false)]
    [InlineData("two words", false)]
    [InlineData("line\n", false)]
    [InlineData("é", false)]
    public void A_word_has_no_room_for_an_address(string text, bool fits) => (Word.TryParse(text) is not null).ShouldBe(fits);

    [Fact]
    public void A_word_has_an_end() => Word.TryParse(new string('a', Word.MaxLength + 1)).ShouldBeNull();

    private static bool Withdraws(string topic, SubjectPreferences subject) =>
        Decide(No(), subject, topic).Recorded().ShouldHaveSingleItem().ShouldBeOfType<Unsubscribed>().WithdrawsConsent;

    private static ChangePreference Yes() => new(true, Now, Actor.Subject, WordOf("web-form"));

    private static ChangePreference No() => Yes() with { Subscribed = false };

    private static Decision Decide(ChangePreference change, SubjectPreferences subject, string topic, string channel = "email") =>
        ChangePreference.Decide(change, topic, channel, subject, Packs.Northwind, Now);
}
