using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.Confirming;
using ConsentLedger.MarketingPreference.PreferenceCentre;
using ConsentLedger.MarketingPreference.Preferences;
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
    public void A_consent_that_was_given_for_somebody_else_as_well_comes_back_for_them_as_well()
    {
        object[] history = [Heard(1, given: true), Heard(2, given: true, recipient: "partners"), Heard(3, given: false, recipient: "advertisers"), Opened("newsletter"), Closed("newsletter", cause: Cause.PreferenceCentre, withdrawsConsent: true)];
        Find(history, 5, 5).ShouldHaveSingleItem().Recipients.ShouldBe(["controller", "partners"], ignoreOrder: true);
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
        Confirm("product-news", Given(made, made, made)).Recorded().ShouldHaveSingleItem();
        Confirm("newsletter", Given(Enumerable.Range(0, 10).Select(i => (object)new ConfirmationLinkMade($"p{i}", "email", null)))).ShouldRefuse("confirmations_exhausted");
        Confirm("newsletter", Given(made, made, made), Noon.AddDays(1).AddMinutes(2)).Recorded().ShouldHaveSingleItem();
        Confirm("newsletter", Given(new ErasureStarted(NewId()))).ShouldRefuse("subject_erased");
    }

    private static Decision Stop(SubjectPreferences subject) => StopEverything.Decide(Cause.StopEverything, "preference-centre", subject, InForce, Noon);

    private static Decision Confirm(string purpose, SubjectPreferences subject, DateTimeOffset? now = null) => MakeConfirmationLink.Decide(new MakeConfirmationLink(purpose, "email"), subject, now ?? Noon.AddMinutes(20));

    private static IReadOnlyList<Undone> Find(IReadOnlyList<object> history, long from, long to) => UndoChanges.Find([.. history.Select(Stored)], from, to, Packs.Northwind);
}
