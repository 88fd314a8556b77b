using ConsentLedger.ErasureOrchestrator.Deadlines;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Extending;
using ConsentLedger.ErasureOrchestrator.Erasures.Instructing;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Erasures.Withdrawing;
using ConsentLedger.ErasureOrchestrator.OpenDsr;
using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>What time does to a person's requests.</summary>
public sealed class ByTimeTests
{
    private static readonly DateTimeOffset Lapse = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_silent_system_is_told_again_and_each_time_it_may_be_silent_for_twice_as_long()
    {
        var told = At(Noon.AddMinutes(12), Requested).ShouldHaveSingleItem();
        told.ShouldBe(new ErasureTaskDispatched(Request, "consent", 2, WaitSeconds: 1200));
        At(Noon.AddMinutes(11.9), Requested).ShouldBeEmpty();
        At(Noon.AddMinutes(12), [.. Requested, new ErasureTaskCompleted(Request, "consent", TaskOutcome.Erased)]).ShouldBeEmpty("who answered is left alone");
        At(Noon.AddMinutes(23), [.. Requested, told]).ShouldBe([new ErasureTaskDispatched(Request, "marketing-preference", 2, WaitSeconds: 1200)], "silence counts from the last time");
    }

    [Fact]
    public void A_system_that_is_dead_for_long_is_still_told_once_a_day() =>
        At(Noon.AddDays(3), Requested[0], Requested[1], new ErasureTaskDispatched(Request, "consent", 40, WaitSeconds: 86400)).ShouldContain(new ErasureTaskDispatched(Request, "consent", 41, WaitSeconds: 86400));

    [Fact]
    public void A_request_of_the_release_before_is_told_again_as_it_was_then() =>
        At(Noon.AddMinutes(12), RequestedBefore).ShouldBe([new ErasureTaskDispatched(Request, "consent", 2, WaitSeconds: 1200), new ErasureTaskDispatched(Request, "marketing-preference", 2, WaitSeconds: 1200)]);

    [Fact]
    public void Somebody_is_told_while_there_is_time_and_once_more_when_there_is_none()
    {
        object[] waiting = [Requested[0] is ErasureRequested r ? r with { Identity = IdentityCheck.MailedLink } : throw new InvalidOperationException()];
        var due = new DateOnly(2026, 2, 28);
        At(Lapse.AddDays(-14).AddMilliseconds(-1), waiting).ShouldBeEmpty();
        At(Lapse.AddDays(-14), waiting).ShouldBe([new ErasureEscalated(Request, 14, due)]);
        At(Lapse.AddDays(-2), [.. waiting, new ErasureEscalated(Request, 14, due)]).ShouldBe([new ErasureEscalated(Request, 7, due), new ErasureEscalated(Request, 2, due)]);
        At(Lapse, [.. waiting, new ErasureEscalated(Request, 2, due)]).ShouldBe([new ErasureOverdue(Request, due, WaitsFor.Identity)]);
        At(Lapse.AddYears(1), [.. waiting, new ErasureOverdue(Request, due, WaitsFor.Identity)]).ShouldBeEmpty("once is enough");
    }

    [Fact]
    public void Of_reminders_that_come_at_once_the_last_is_given_and_none_where_it_is_too_late()
    {
        object[] waiting = [Requested[0] is ErasureRequested r ? r with { Identity = IdentityCheck.MailedLink } : throw new InvalidOperationException()];
        var due = new DateOnly(2026, 2, 28);
        Given(Lapse.AddDays(-2)).ShouldBe([new ErasureEscalated(Request, 2, due)]);
        Given(Lapse).ShouldBe([new ErasureOverdue(Request, due, WaitsFor.Identity)]);
        At(Lapse.AddDays(-1), [.. waiting, .. Given(Lapse.AddDays(-2))]).ShouldBeEmpty("what was left out is not due any more");

        var (id, over) = (NewId(), Noon.AddDays(28).AddSeconds(1));
        var asked = DsrCase.Stream.Replay([Stored(new DsrReceived(id, DsrType.Erasure, "gdpr", Noon, Noon.AddDays(28), 0))], ErasureCatalog.Events);
        CaseAt(over.AddDays(-2)).ShouldBe([new DsrEscalated(id, 2, DateOnly.FromDateTime(over.UtcDateTime))]);
        CaseAt(over).ShouldBe([new DsrOverdue(id, DateOnly.FromDateTime(over.UtcDateTime))]);

        IReadOnlyList<object> Given(DateTimeOffset now)
        {
            var (state, place) = (People.Given(waiting), Replica.NewPerson());
            var context = new DecisionContext(now, place, stream => stream == place ? (state, 1) : (TenantRegister.Empty, 0));
            return ByTime.Requests(TenMinutes).Completing(ByTime.Requests(TenMinutes).Decide(state, 1, now), place, context).Facts();
        }

        IReadOnlyList<object> CaseAt(DateTimeOffset now) => ByTime.Cases.Completing(ByTime.Cases.Decide(asked, 1, now), default, null!).Facts();
    }

    [Fact]
    public void A_held_request_is_overdue_because_it_is_held()
    {
        object[] held = [Requested[0], new HoldPlaced(Hold, HoldAuthority.CourtOrder, "T-1"), new ErasureHeld(Request, [Hold])];
        At(Lapse, held)[^1].ShouldBe(new ErasureOverdue(Request, new DateOnly(2026, 2, 28), WaitsFor.LegalHold));
    }

    [Fact]
    public void What_ends_too_late_says_so_first_though_nobody_has_looked_at_the_clock()
    {
        var (due, one) = (new DateOnly(2026, 2, 28), new ErasureTaskCompleted(Request, "marketing-preference", TaskOutcome.Erased));
        var running = Given([.. Requested, one]);
        var erased = new TaskReply.Done(TaskOutcome.Erased, Reason: null);
        RecordReply.Decide(Request, "consent", erased, attempt: null, running, Lapse).Whole(running, now: Lapse)
            .ShouldRecord(new ErasureTaskCompleted(Request, "consent", TaskOutcome.Erased), new ErasureOverdue(Request, due, null),
                new ErasureCompleted(Request, RequestOutcome.Fully, Systems: [new SystemOutcome("consent", TaskOutcome.Erased), new SystemOutcome("marketing-preference", TaskOutcome.Erased)]));
        RecordReply.Decide(Request, "consent", erased, attempt: null, running, Lapse.AddMilliseconds(-1)).Whole(running, now: Lapse.AddMilliseconds(-1)).Facts().Count.ShouldBe(2, "in time");
        var said = Given([.. Requested, one, new ErasureOverdue(Request, due, null)]);
        RecordReply.Decide(Request, "consent", erased, attempt: null, said, Lapse).Whole(said, now: Lapse).Facts().Count.ShouldBe(2, "once is enough");

        var waiting = Given(((ErasureRequested)Requested[0]) with { Identity = IdentityCheck.MailedLink });
        var overdue = new ErasureOverdue(Request, due, WaitsFor.Identity);
        new WithdrawRequest().Decide(waiting.All[0], TenantRegister.Empty, Lapse).Whole(waiting, now: Lapse).ShouldRecord(overdue, new ErasureWithdrawn(Request));
        new RefuseRequest(RefusalReason.IdentityNotShown).Decide(waiting.All[0], TenantRegister.Empty, Lapse).Whole(waiting, now: Lapse)
            .ShouldRecord(overdue, new ErasureCompleted(Request, RequestOutcome.Refused, "identity-not-shown"));
        ByTime.Requests(TenMinutes).Decide(running, 5, Lapse).Whole(running, now: Lapse).Facts().OfType<ErasureOverdue>().ShouldHaveSingleItem();
    }

    [Fact]
    public void Nothing_is_due_of_what_has_ended()
    {
        ByTime.DueIn(Given([.. Requested, new ErasureCompleted(Request, RequestOutcome.Fully)])).ShouldBeEmpty();
        ByTime.DueIn(Given(Requested[0], new ErasureWithdrawn(Request))).ShouldBeEmpty();
    }

    [Fact]
    public void While_a_hold_is_in_force_nobody_is_told_again()
    {
        object[] held = [.. Requested, new HoldPlaced(Hold, HoldAuthority.CourtOrder, "T-1"), new ErasureHeld(Request, [Hold])];
        At(Noon.AddDays(1), held).ShouldBeEmpty();
        At(Noon.AddDays(1), [.. held, new HoldLifted(Hold, HoldEnd.Lifted), new ErasureResumed(Request)]).Count.ShouldBe(2);
    }

    [Fact]
    public void When_the_time_to_think_better_of_it_is_over_it_begins_in_the_same_commit()
    {
        var register = Registered(new RequestsConfigured(new RequestSettings(CoolingOffHours: 24)));
        var state = Given(((ErasureRequested)Requested[0]) with { CoolsOffAt = Noon.AddDays(1) });
        var fired = ByTime.Requests(TenMinutes).Decide(state, 1, Noon.AddDays(1)).Whole(state, register, Noon.AddDays(1)).Facts();
        fired.Select(f => f.GetType().Name).ShouldBe(["ErasureCooledOff", "ErasurePlanned", "ErasureTaskDispatched", "ErasureTaskDispatched"]);
    }

    [Fact]
    public void An_extension_is_given_once_in_time_and_counts_from_the_day_of_receipt()
    {
        var request = Given(Requested).All[0];
        var asked = new ExtendRequest(ExtensionReason.Complexity, Noon.AddDays(3), "email");
        var extended = asked.Decide(request, TenantRegister.Empty, Noon.AddDays(3)).Facts().ShouldHaveSingleItem().ShouldBeOfType<ErasureExtended>();
        (extended.DueOn, extended.LapsesAt).ShouldBe((new DateOnly(2026, 4, 30), new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero)));

        CodeOf(asked.Decide(Given([.. Requested, extended]).All[0], TenantRegister.Empty, Noon.AddDays(4))).ShouldBe("extended_already");
        CodeOf((asked with { NoticeSentAt = Noon.AddDays(4) }).Decide(request, TenantRegister.Empty, Noon.AddDays(3))).ShouldBe("notice_in_future");
        CodeOf((asked with { NoticeSentAt = Lapse }).Decide(request, TenantRegister.Empty, Lapse.AddDays(1))).ShouldBe("notice_too_late");
        CodeOf((asked with { NoticeSentAt = Noon.AddDays(-1) }).Decide(request, TenantRegister.Empty, Noon.AddDays(3))).ShouldBe("notice_before_receipt");
        CodeOf((asked with { NoticeMethod = "to doe@example.org" }).Decide(request, TenantRegister.Empty, Noon.AddDays(3))).ShouldBe("word_invalid");
        CodeOf(asked.Decide(Given([.. Requested, new ErasureCompleted(Request)]).All[0], TenantRegister.Empty, Noon.AddDays(3))).ShouldBe("request_ended");
    }

    [Fact]
    public void Once_the_month_is_over_nothing_is_extended_and_what_was_is_watched_again()
    {
        var asked = new ExtendRequest(ExtensionReason.Complexity, Noon.AddDays(3), "email");
        CodeOf(asked.Decide(Given(Requested).All[0], TenantRegister.Empty, Lapse)).ShouldBe("extension_too_late");
        asked.Decide(Given(Requested).All[0], TenantRegister.Empty, Lapse.AddMilliseconds(-1)).Facts().ShouldHaveSingleItem();

        var (due, over) = (new DateOnly(2026, 4, 30), new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero));
        object[] extendedLate = [Requested[0], new ErasureOverdue(Request, new DateOnly(2026, 2, 28), null), new ErasureExtended(Request, ExtensionReason.Complexity, due, over, Noon, "email")];
        Given(extendedLate).All[0].Overdue.ShouldBeFalse();
        At(over, extendedLate)[^1].ShouldBe(new ErasureOverdue(Request, due, null));
    }

    [Fact]
    public void After_an_extension_the_reminders_are_those_of_the_new_day()
    {
        var due = new DateOnly(2026, 2, 28);
        object[] extended = [
            Requested[0], new ErasureEscalated(Request, 14, due), new ErasureEscalated(Request, 7, due),
            new ErasureExtended(Request, ExtensionReason.Complexity, new DateOnly(2026, 4, 30), new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero), Noon, "email")];
        MeetDeadline.DueIn(Given(extended).All[0]).Select(d => d.At).Order().First().ShouldBe(new DateTimeOffset(2026, 4, 17, 0, 0, 0, TimeSpan.Zero));
    }

    /// <summary>What time has brought about by this moment, and nothing that follows from it.</summary>
    private static IReadOnlyList<object> At(DateTimeOffset moment, params object[] facts)
    {
        var state = Given(facts);
        return ByTime.Requests(TenMinutes).Decide(state, facts.Length, moment) is Decision.Record record ? [.. record.Events.Select(e => e.Facts)] : [];
    }
}
