using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.Confirming;
using ConsentLedger.MarketingPreference.PreferenceCentre;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Unsubscribing;
using static ConsentLedger.MarketingPreference.Tests.People;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>What the buttons of the preference centre decide.</summary>
public sealed class StopAndUndoTests
{
    [Fact]
    public void Stopping_everything_says_no_to_every_lane_also_to_those_never_chosen_and_to_nothing_that_is_owed()
    {
        var stopped = Stop(Given(Opened("newsletter"), Closed("contests", "phone"))).Recorded().Cast<Unsubscribed>().ToList();
        stopped.Select(u => (u.Topic, u.Channel)).ShouldBe(
            [("newsletter", "email"), ("product-news", "email"), ("module-booking", "email"), ("module-crm", "email"), ("surveys-and-contests", "email"), ("contests", "email")], ignoreOrder: true);
        stopped.ShouldAllBe(u => u.Cause == Cause.StopEverything && u.Actor == Actor.Subject);
        stopped.Where(u => u.WithdrawsConsent).Select(u => u.Topic).ShouldBe(["newsletter", "product-news", "surveys-and-contests", "contests"], ignoreOrder: true);
    }

    [Fact]
    public void Stopping_twice_writes_nothing() => Stop(Given(Stop(SubjectPreferences.Unknown).Recorded())).ShouldBe(Decision.Unchanged);

    [Fact]
    public void A_no_said_again_later_counts_for_its_own_moment()
    {
        // A yes from in between may still be on its way.
        var again = Stop(Given(Closed("newsletter"), Closed("module-crm", at: Noon.AddMinutes(1))), Noon.AddMinutes(2)).Recorded().Cast<Unsubscribed>().ToList();
        again.ShouldContain(u => u.Topic == "newsletter" && u.OccurredAt == Noon.AddMinutes(2));
        again.ShouldNotContain(u => u.Topic == "module-crm");
        ChooseTopic.Decide(new Lane("newsletter", "email"), false, Cause.PreferenceCentre, "m", Given(Closed("newsletter")), InForce, Noon.AddMinutes(5)).Recorded().ShouldHaveSingleItem();
        ChooseTopic.Decide(new Lane("newsletter", "email"), false, Cause.PreferenceCentre, "m", Given(Closed("newsletter")), InForce, Noon.AddMinutes(1)).ShouldBe(Decision.Unchanged);
    }

    [Fact]
    public void Two_clicks_on_a_link_are_one_no_to_whoever_takes_it_back()
    {
        var lane = new Lane("newsletter", "email");
        StoredEvent[] events = [.. new object[] { Heard(1, given: true), Opened("newsletter"), Closed("newsletter"), Closed("module-crm"), Closed("newsletter", at: Noon.AddMinutes(4)) }.Select(Stored)];
        UndoUnsubscribe.Closing(events, lane, Noon.AddMinutes(5)).ShouldBe((3, 5));
        UndoUnsubscribe.Find(events, lane, (3, 5), Packs.Northwind).ShouldHaveSingleItem().WasOpen.ShouldBeTrue();

        // What was said more than an hour ago was meant.
        UndoUnsubscribe.Closing(events, lane, Noon.AddMinutes(63)).ShouldBe((5, 5));
        UndoUnsubscribe.Closing(events, lane, Noon.AddMinutes(65)).ShouldBeNull();
        UndoUnsubscribe.Closing([.. events, Stored(Opened("newsletter"), 5)], lane, Noon.AddMinutes(6)).ShouldBeNull();
    }

    [Fact]
    public void Nothing_is_recorded_about_somebody_erased()
    {
        Stop(Given(new ErasureStarted(NewId()))).ShouldBe(Decision.Unchanged);
        ChooseTopic.Decide(new Lane("newsletter", "email"), true, Cause.PreferenceCentre, "m", Given(new ErasureStarted(NewId())), InForce, Noon).ShouldBe(Decision.Unchanged);
    }

    [Fact]
    public void What_is_undone_is_as_it_was_before_and_no_more()
    {
        object[] before = [Heard(1, given: true), Opened("newsletter"), Closed("module-crm"), Opened("contests", "phone")];
        object[] history = [.. before, .. Stop(Given(before)).Recorded()];
        var undone = Find(history, 5, history.Length);
        undone.Select(u => (u.Lane.Topic, u.Lane.Channel, u.WasOpen, u.Consent?.Id)).ShouldBe(
        [
            ("contests", "phone", true, "surveys-and-contests"), ("module-booking", "email", true, null), ("newsletter", "email", true, "newsletter"),
        ], ignoreOrder: true);
        var again = UndoChanges.Decide(undone, "m", Given(history), InForce, Noon).Recorded().Cast<Subscribed>().ToList();
        again.ShouldAllBe(s => s.Cause == Cause.Undo);
        Find([.. history, .. again], 5, history.Length).ShouldBeEmpty();
    }

    [Fact]
    public void A_no_since_then_stands()
    {
        object[] stopped = [Opened("module-crm"), Heard(1, given: true), Opened("newsletter"), Of(Closed("module-crm")), Of(Closed("newsletter"))];
        Find(stopped, 4, 5).Count.ShouldBe(2);
        object[] since = [.. stopped, Opened("newsletter"), Closed("newsletter", cause: Cause.OneClick)];
        Find(since, 4, 5).ShouldHaveSingleItem().Lane.Topic.ShouldBe("module-crm");

        // Also where it came after the page was made.
        UndoChanges.Decide(Find(stopped, 4, 5), "m", Given(since), InForce, Noon).Recorded().ShouldHaveSingleItem().ShouldBeOfType<Subscribed>().Topic.ShouldBe("module-crm");

        static Unsubscribed Of(Unsubscribed left) => left with { Cause = Cause.StopEverything };
    }

    [Fact]
    public void Only_one_act_of_these_pages_is_taken_back_and_only_for_an_hour()
    {
        var (left, before) = (Closed("module-crm", cause: Cause.PreferenceCentre) with { Method = Acting.Method }, Closed("newsletter", cause: Cause.OneClick, withdrawsConsent: true));
        object[] history = [Heard(1, given: true), before, left, left with { Topic = "module-booking", OccurredAt = Noon.AddMinutes(3) }];
        Act(3, 3).ShouldHaveSingleItem();
        Act(3, 3, Noon.AddMinutes(2) + UndoChanges.Regret).ShouldBeEmpty("it is too long ago");
        Act(2, 2).ShouldBeEmpty("it was said elsewhere");
        Act(1, 4).ShouldBeEmpty("it was more than one act");
        Act(3, 4).ShouldBeEmpty("it was two of them");
        Act(5, 9).ShouldBeEmpty();

        IReadOnlyList<Undone> Act(long from, long to, DateTimeOffset? now = null) => UndoChanges.FindAct([.. history.Select(Stored)], from, to, Packs.Northwind, now ?? Noon.AddMinutes(30));
    }

    [Fact]
    public void What_one_topic_needs_opens_no_other_that_an_objection_kept_closed()
    {
        Others(Given()).Recorded().Cast<Unsubscribed>().Select(u => (u.Topic, u.Cause, u.WithdrawsConsent)).ShouldBe([("product-news", Cause.Objected, false)]);
        Others(Given(Opened("product-news"))).ShouldBe(Decision.Unchanged, "of what was said something else is known");
        Others(Given(new ErasureStarted(NewId()))).ShouldBe(Decision.Unchanged);

        static Decision Others(SubjectPreferences subject) => ChooseTopic.DecideOthers(new Lane("newsletter", "email"), "m", subject, InForce, Noon);
    }

    [Theory]
    [InlineData(true, true, "?said=objected")]
    [InlineData(true, false, "?said=objected&pending=again")]
    [InlineData(false, false, "?pending=again")]
    public void Whatever_consent_did_not_hear_is_said_also_where_nothing_changed_here(bool objected, bool told, string said) => Notice.Of(did: null, told, objected, repeat: true).ShouldBe(said);

    [Fact]
    public void A_consent_that_was_given_for_somebody_else_as_well_comes_back_for_them_as_well()
    {
        object[] history = [Heard(1, given: true), Heard(2, given: true, recipient: "partners"), Heard(3, given: false, recipient: "advertisers"), Opened("newsletter"), Closed("newsletter", cause: Cause.PreferenceCentre, withdrawsConsent: true)];
        Find(history, 5, 5).ShouldHaveSingleItem().Recipients.ShouldBe(["controller", "partners"], ignoreOrder: true);
    }

    [Fact]
    public void A_consent_that_no_topic_rests_on_comes_back_with_the_stop_that_ended_it_and_with_nothing_else()
    {
        object[] before =
        [
            Heard(1, given: true), Opened("newsletter"), Heard(2, given: true, "consented-sharing", null, "third-parties"), Heard(3, given: true, "retargeting", "web"), Heard(4, given: false, "retargeting", "web"),
            Heard(5, given: true, "google-calendar-access", null, "google"), Heard(6, given: true, "dropped-since", null),
        ];
        object[] history = [.. before, .. Stop(Given(before)).Recorded(), Heard(7, given: false, "consented-sharing", null, "third-parties")];
        UndoChanges.FindOthers([.. history.Select(Stored)], before.Length + 1, Packs.Northwind).Select(a => (a.Purpose.Id, a.Channel, a.Recipient)).ShouldBe([("consented-sharing", (string?)null, (string?)"third-parties")]);
        UndoChanges.FindOthers([.. before.Append(Closed("newsletter", cause: Cause.PreferenceCentre)).Select(Stored)], before.Length + 1, Packs.Northwind).ShouldBeEmpty();
        UndoChanges.FindOthers([.. history.Select(Stored)], history.Length + 1, Packs.Northwind).ShouldBeEmpty();
    }

    [Fact]
    public void Undoing_a_yes_leaves_again()
    {
        object[] history = [Closed("newsletter"), Opened("newsletter", cause: Cause.PreferenceCentre)];
        var undone = Find(history, 2, 2);
        undone.ShouldHaveSingleItem().WasOpen.ShouldBeFalse();
        UndoChanges.Decide(undone, "m", Given(history), InForce, Noon).Recorded().ShouldHaveSingleItem().ShouldBeOfType<Unsubscribed>().WithdrawsConsent.ShouldBeTrue();
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(3, 9)]
    [InlineData(-5, long.MaxValue)]
    public void Versions_that_nobody_wrote_undo_nothing(long from, long to) => Find([Heard(1, given: true), Heard(2, given: false)], from, to).ShouldBeEmpty();

    [Fact]
    public void Confirmation_mails_come_to_an_end_by_consent_and_by_person_and_start_anew_the_next_day()
    {
        var made = new ConfirmationLinkMade("newsletter", "email", null);
        Confirm("newsletter", Given(made, made)).Recorded().ShouldBe([made]);
        Confirm("newsletter", Given(made, made, made)).ShouldRefuse("confirmations_exhausted");
        Confirm("newsletter", Given(made, made, made with { Recipient = "controller" })).ShouldRefuse("confirmations_exhausted");
        Confirm("product-news", Given(made, made, made)).Recorded().ShouldHaveSingleItem();
        Confirm("newsletter", Given(Enumerable.Range(0, 10).Select(i => (object)new ConfirmationLinkMade($"p{i}", "email", null)))).ShouldRefuse("confirmations_exhausted");
        Confirm("newsletter", Given(made, made, made), Noon.AddDays(1).AddMinutes(2)).Recorded().ShouldHaveSingleItem();
        Confirm("newsletter", Given(new ErasureStarted(NewId()))).ShouldRefuse("subject_erased");
    }

    private static Decision Stop(SubjectPreferences subject, DateTimeOffset? now = null) => StopEverything.Decide(Cause.StopEverything, "preference-centre", subject, InForce, now ?? Noon);

    private static Decision Confirm(string purpose, SubjectPreferences subject, DateTimeOffset? now = null) => MakeConfirmationLink.Decide(new MakeConfirmationLink(purpose, "email"), subject, now ?? Noon.AddMinutes(20));

    private static IReadOnlyList<Undone> Find(IReadOnlyList<object> history, long from, long to) => UndoChanges.Find([.. history.Select(Stored)], from, to, Packs.Northwind);
}
