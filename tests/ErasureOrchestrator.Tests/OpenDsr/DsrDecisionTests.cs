using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Answering;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.ErasureOrchestrator.Erasures.Withdrawing;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.OpenDsr;
using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using ConsentLedger.ServiceDefaults;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests.OpenDsr;

/// <summary>What is decided of a controller's case, without a service.</summary>
public sealed class DsrDecisionTests
{
    private static readonly Guid Id = new("a7551968-d5d6-44b2-9831-815ac9017798");
    private static readonly StreamKey Place = DsrCase.KeyOf(TenantId.Parse("quintus"), Id);
    private static readonly SubjectId Person = NewSubject();
    private static readonly DsrReceived Received = new(Id, DsrType.Erasure, "gdpr", Noon, Noon.AddDays(28), 2);

    [Fact]
    public void A_case_lies_where_no_subject_and_no_request_can() => Place.Id.Value.ShouldNotBe(Id);

    [Fact]
    public void A_match_begins_the_request_and_says_so_in_one_commit()
    {
        var events = Match(Case(Received)).ShouldBeOfType<Decision.Record>().Events;
        events[0].Facts.ShouldBeOfType<ErasureRequested>().Request.ShouldBe(Request);
        (events[^1].Facts, events[^1].Stream).ShouldBe((new DsrMatched(Id, Person.Value, Request, IsOwn: true), Place));
    }

    [Fact]
    public void Who_had_asked_before_has_one_request_and_it_is_not_the_controllers() =>
        Match(Case(Received), Given(new ErasureRequested(OtherRequest, null, new DateOnly(2026, 2, 28)))).ShouldBeOfType<Decision.Record>()
            .Events.Select(e => e.Facts).ShouldBe([new ErasureAskedAgain(OtherRequest, Id), new DsrMatched(Id, Person.Value, OtherRequest, IsOwn: false)]);

    [Fact]
    public void By_what_the_controller_knows_the_person_is_added_to_what_the_person_had_asked_for()
    {
        var own = new StreamKey(TenantId.Parse("quintus"), new StreamId(OtherRequest));
        var asked = new ReceiveRequest(Person, Type: RequestType.Erasure, Identities: [new SubjectIdentity("email", "canary@example.org")]);
        DsrMatch.Decide(Case(Received), asked, OtherRequest, Given(new ErasureRequested(OtherRequest, null, new DateOnly(2026, 2, 28))), TenantRegister.Empty, Place, own, Noon).ShouldBeOfType<Decision.Record>()
            .Events.Select(e => (e.Facts, e.Stream)).ShouldBe([
                (new ErasureAskedAgain(OtherRequest, Id), null), (new ErasureIdentitiesAdded(OtherRequest), null), (new IdentitiesSealed(OtherRequest), own), (new DsrMatched(Id, Person.Value, OtherRequest, IsOwn: false), Place)]);
    }

    [Fact]
    public void Whatever_a_stranger_may_have_asked_for_the_controllers_request_is_not_swallowed_by_it()
    {
        var facts = Match(Case(Received), Given(new ErasureRequested(OtherRequest, null, new DateOnly(2026, 2, 28), Identity: IdentityCheck.MailedLink))).Facts();
        facts[0].ShouldBeOfType<ErasureRequested>().Request.ShouldBe(Request);
        facts[^1].ShouldBe(new DsrMatched(Id, Person.Value, Request, IsOwn: true));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(null, false)]
    public void A_controllers_instruction_counts_for_what_the_person_had_asked_before(bool? instructs, bool isInstruction) =>
        Match(Case(Received with { Instructs = instructs }), Given(new ErasureRequested(OtherRequest, null, new DateOnly(2026, 2, 28), Instructor: "the-controller"))).Facts()
            .Contains(new ErasureInstructed(OtherRequest, Instruction.Proceed)).ShouldBe(isInstruction);

    [Fact]
    public void The_month_began_when_the_case_came_however_late_the_person_is_found()
    {
        var asked = Match(Case(Received), now: Noon.AddDays(20)).Facts()[0].ShouldBeOfType<ErasureRequested>();
        (asked.ReceivedAt, asked.ReceivedOn, asked.DueOn).ShouldBe((Noon, new DateOnly(2026, 1, 31), new DateOnly(2026, 2, 28)));
        SubjectRequests.Stream.Replay([Stored(asked, 7)], ErasureCatalog.Events).All[0].ReceivedAt.ShouldBe(Noon);
    }

    [Fact]
    public void A_controller_is_promised_the_day_on_which_the_request_will_be_due()
    {
        var register = Registered(new RequestsConfigured(new RequestSettings("Europe/Stockholm")));

        // Half past eleven in the evening of 10 March in UTC is 11 March in Stockholm, and its month ends in summer time.
        var at = new DateTimeOffset(2026, 3, 10, 23, 30, 0, TimeSpan.Zero);
        var asked = new DsrRequest(Id, DsrType.Erasure, "gdpr", at, [], []);
        var received = DsrReceive.Decide(asked, new SealedCase([], []), instructs: false, Case(), register, at).Facts().ShouldHaveSingleItem().ShouldBeOfType<DsrReceived>();
        (received.DueOn, received.ExpectedBy).ShouldBe((new DateOnly(2026, 4, 11), new DateTimeOffset(2026, 4, 11, 21, 59, 59, TimeSpan.Zero)));
        Case(received).DueOn.ShouldBe(new DateOnly(2026, 4, 11));
        var became = ReceiveRequest.Decide(new ReceiveRequest(Person), Request, SubjectRequests.None, register, at.AddDays(3), receivedAt: at).Facts()[0].ShouldBeOfType<ErasureRequested>();
        (became.DueOn, became.LapsesAt).ShouldBe((received.DueOn!.Value, received.ExpectedBy.AddSeconds(1)));

        // West of UTC the moment at which a day is over lies in the next one's UTC.
        var west = Registered(new RequestsConfigured(new RequestSettings("America/New_York")));
        Case(DsrReceive.Decide(asked, new SealedCase([], []), instructs: false, Case(), west, at).Facts()[0]).DueOn.ShouldBe(new DateOnly(2026, 4, 10));
    }

    [Fact]
    public void While_nobody_says_whose_case_it_is_somebody_is_told_in_time_and_that_it_is_too_late()
    {
        var (due, over) = (DateOnly.FromDateTime(Received.ExpectedBy.UtcDateTime), Received.ExpectedBy.AddSeconds(1));
        foreach (object[] waiting in (object[][])[[Received], [Received, new DsrUnmatched(Id, Unmatched.Several)]])
        {
            At(over.AddDays(-14).AddMilliseconds(-1), waiting).ShouldBeEmpty();
            At(over.AddDays(-14), waiting).ShouldBe([new DsrEscalated(Id, 14, due)]);
            At(over.AddMilliseconds(-1), [.. waiting, new DsrEscalated(Id, 14, due)]).ShouldBe([new DsrEscalated(Id, 7, due), new DsrEscalated(Id, 2, due)]);
            At(over, [.. waiting, new DsrEscalated(Id, 2, due)]).ShouldBe([new DsrOverdue(Id, due)]);
            Case([.. waiting, new DsrOverdue(Id, due)]).Overdue.ShouldBeTrue();
            At(over.AddYears(1), [.. waiting, new DsrOverdue(Id, due)]).ShouldBeEmpty("once is enough");
        }

        foreach (var known in (object[])[new DsrMatched(Id, Person.Value, Request, IsOwn: true), new DsrFoundNobody(Id), new DsrCancelled(Id)]) At(over, Received, known).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(null, false)]
    public void A_controllers_request_is_its_instruction_where_its_token_may_instruct(bool? instructs, bool isInstruction) =>
        Match(Case(Received with { Instructs = instructs }), register: TenantRegister.Empty with { Settings = new RequestSettings(Instructor: "the-controller") })
            .ShouldBeOfType<Decision.Record>().Events.Any(e => e.Facts is ErasureInstructed { Instruction: Instruction.Proceed }).ShouldBe(isInstruction);

    [Fact]
    public void What_was_said_of_a_case_stands()
    {
        CodeOf(Match(Case(Received, new DsrMatched(Id, Person.Value, Request, true)))).ShouldBe("dsr_matched");
        CodeOf(Match(Case(Received, new DsrFoundNobody(Id)))).ShouldBe("dsr_matched");
        CodeOf(Match(Case(Received, new DsrCancelled(Id)))).ShouldBe("dsr_cancelled");
        CodeOf(DsrMatch.DecideNobody(Case(Received, new DsrMatched(Id, Person.Value, Request, true)), Noon)).ShouldBe("dsr_matched");
    }

    [Fact]
    public void That_nobody_was_found_too_late_is_said_though_nobody_looked_at_the_clock()
    {
        var (due, over) = (DateOnly.FromDateTime(Received.ExpectedBy.UtcDateTime), Received.ExpectedBy.AddSeconds(1));
        DsrMatch.DecideNobody(Case(Received), over.AddMilliseconds(-1)).ShouldRecord(new DsrFoundNobody(Id));
        DsrMatch.DecideNobody(Case(Received), over).ShouldRecord(new DsrOverdue(Id, due), new DsrFoundNobody(Id));
        DsrMatch.DecideNobody(Case(Received, new DsrOverdue(Id, due)), over).ShouldRecord(new DsrFoundNobody(Id));
    }

    [Fact]
    public void A_pending_case_is_cancelled_with_the_request_that_it_became_and_without_the_persons_own()
    {
        var waiting = Given(new ErasureRequested(Request, null, new DateOnly(2026, 2, 28), CoolsOffAt: Noon.AddDays(1))).Find(Request);
        DsrCancel.Decide(Case(Received)).ShouldRecord(new DsrCancelled(Id));
        DsrCancel.Decide(Case(Received, new DsrCancelled(Id))).ShouldBe(Decision.Unchanged);
        Cancel(isOwn: true, waiting).ShouldRecord(new ErasureWithdrawn(Request), new DsrCancelled(Id));
        Cancel(isOwn: false, waiting).ShouldRecord(new DsrCancelled(Id));

        var begun = Given(Requested).Find(Request);
        CodeOf(Cancel(isOwn: true, begun)).ShouldBe("not_pending");
        CodeOf(Cancel(isOwn: false, begun)).ShouldBe("not_pending");
        CodeOf(DsrCancel.Decide(Case(Received, new DsrFoundNobody(Id)))).ShouldBe("not_pending");
    }

    [Fact]
    public void What_somebody_else_asked_for_too_goes_on_until_the_last_of_them_takes_it_back()
    {
        var other = new Guid("b7551968-d5d6-44b2-9831-815ac9017798");
        var begun = new ErasureRequested(Request, null, new DateOnly(2026, 2, 28), CoolsOffAt: Noon.AddDays(1), Case: Id);
        Cancel(isOwn: true, Given(begun).Find(Request)).ShouldRecord(new ErasureWithdrawn(Request), new DsrCancelled(Id));

        // The person, who hears of the same request.
        var again = ReceiveRequest.Decide(new ReceiveRequest(Person), OtherRequest, Given(begun), TenantRegister.Empty, Noon);
        again.ShouldRecord(new ErasureAskedAgain(Request));
        ReceiveRequest.Decide(new ReceiveRequest(Person), OtherRequest, Given(begun, new ErasureAskedAgain(Request)), TenantRegister.Empty, Noon).ShouldBe(Decision.Unchanged, "once is enough");
        Cancel(isOwn: true, Given(begun, new ErasureAskedAgain(Request)).Find(Request)).ShouldRecord(new ErasureAskedNoMore(Request, Id), new DsrCancelled(Id));

        // Another case, which is cancelled in its turn.
        var joined = Match(Case(Received with { Id = other }), Given(begun)).Facts();
        joined.ShouldBe([new ErasureAskedAgain(Request, other), new DsrMatched(other, Person.Value, Request, IsOwn: false)]);
        Cancel(isOwn: true, Given(begun, joined[0]).Find(Request)).ShouldRecord(new ErasureAskedNoMore(Request, Id), new DsrCancelled(Id));
        var left = Given(begun, joined[0], new ErasureAskedNoMore(Request, Id)).Find(Request);
        DsrCancel.Decide(Case(Received with { Id = other }, joined[1]), Place, left, TenantRegister.Empty, Noon).ShouldRecord(new ErasureWithdrawn(Request), new DsrCancelled(other));
        Case(Received with { Id = other }, joined[1]).StatusBy(left).ShouldBe(DsrStatus.Pending);
    }

    [Fact]
    public void The_person_takes_back_what_they_asked_for_and_nobody_elses_wish()
    {
        object[] both = [new ErasureRequested(Request, null, new DateOnly(2026, 2, 28), CoolsOffAt: Noon.AddDays(1)), new ErasureAskedAgain(Request, Id)];
        Withdraw(both).ShouldRecord(new ErasureAskedNoMore(Request, PersonRequest.ByPerson));
        var (matched, left) = (Case(Received, new DsrMatched(Id, Person.Value, Request, IsOwn: false)), Given([.. both, new ErasureAskedNoMore(Request, PersonRequest.ByPerson)]).Find(Request));
        matched.StatusBy(left).ShouldBe(DsrStatus.Pending);
        DsrCancel.Decide(matched, Place, left, TenantRegister.Empty, Noon).ShouldRecord(new ErasureWithdrawn(Request), new DsrCancelled(Id));

        CodeOf(Withdraw([.. both, new ErasureAskedNoMore(Request, PersonRequest.ByPerson)])).ShouldBe("asked_by_others");
        CodeOf(Withdraw(((ErasureRequested)both[0]) with { Case = Id })).ShouldBe("asked_by_others");
        Withdraw([.. both, new ErasureAskedNoMore(Request, Id)]).ShouldRecord(new ErasureWithdrawn(Request));
        CodeOf(Withdraw([.. Requested, new ErasureAskedAgain(Request, Id)])).ShouldBe("request_begun");

        static Decision Withdraw(params object[] facts) => new WithdrawRequest().Decide(Given(facts).Find(Request)!, TenantRegister.Empty, Noon);
    }

    [Fact]
    public void A_request_that_was_refused_is_not_told_to_be_completed()
    {
        var matched = Case(Received, new DsrMatched(Id, Person.Value, Request, IsOwn: true));
        matched.StatusBy(Given([.. Requested, new ErasureCompleted(Request, RequestOutcome.Refused)]).Find(Request)).ShouldBe(DsrStatus.Cancelled);
        matched.StatusBy(Given([.. Requested, new ErasureCompleted(Request, RequestOutcome.Partially)]).Find(Request)).ShouldBe(DsrStatus.Completed);
    }

    [Fact]
    public void A_copy_that_is_there_to_be_fetched_is_completed_and_its_case_is_not_over_before_somebody_has_it_or_its_last_day_is()
    {
        var asked = (ErasureRequested)Requested[0] with { Type = RequestType.Access };
        object[] told = [asked, new ErasurePlanned(Request, [new PlannedStep("consent", ProcessorKind.Service)], [], PolicyVersion: null), new ErasureTaskDispatched(Request, "consent", 1, RequestType.Access, 600)];
        object[] ready = [.. told, new ErasureTaskAccepted(Request, "consent", 1, Reference: null, Noon.AddDays(7))];
        var matched = Case(Received with { Type = DsrType.Access, Callbacks = 0 }, new DsrMatched(Id, Person.Value, Request, IsOwn: true));
        matched.StatusBy(Given(told).Find(Request)).ShouldBe(DsrStatus.InProgress);
        var waiting = Given(ready).Find(Request);
        matched.StatusBy(waiting).ShouldBe(DsrStatus.Completed);
        matched.IsOver(DsrStatus.Completed, waiting).ShouldBeFalse();

        matched.IsOver(DsrStatus.Completed, Given([.. ready, new ErasureOverdue(Request, asked.DueOn, WaitsFor: null)]).Find(Request)).ShouldBeTrue("the privacy team hears of it, and addresses are kept no longer");
        var fetched = Given([.. ready, .. HandOutCopy.Decide(waiting!).Whole(Given(ready)).Facts()]).Find(Request);
        (matched.StatusBy(fetched), matched.IsOver(DsrStatus.Completed, fetched)).ShouldBe((DsrStatus.Completed, true));

        // The controller has taken its case back, and the person still wants the copy.
        var cancelled = Case(Received with { Callbacks = 0 }, new DsrMatched(Id, Person.Value, Request, IsOwn: false), new DsrCancelled(Id));
        cancelled.IsOver(cancelled.StatusBy(waiting), waiting).ShouldBeTrue();
    }

    [Fact]
    public void Each_url_hears_each_status_once_and_is_told_again_when_it_did_not_take_it()
    {
        var state = Case(Received);
        state.ToTell(DsrStatus.Pending, Noon).ShouldBeEmpty("the answer to the request has said it");
        state.ToTell(DsrStatus.InProgress, Noon).ShouldBe([0, 1]);

        state = Case(Received, new DsrTold(Id, 0, DsrStatus.InProgress), new DsrNotTold(Id, 1, DsrStatus.InProgress, "timeout", Noon.AddMinutes(10)));
        state.ToTell(DsrStatus.InProgress, Noon.AddMinutes(9)).ShouldBeEmpty();
        state.ToTell(DsrStatus.InProgress, Noon.AddMinutes(10)).ShouldBe([1]);
        state.ToTell(DsrStatus.Completed, Noon).ShouldBe([0, 1], "news does not wait for a retry");
        state.IsOver(DsrStatus.Completed).ShouldBeFalse();

        state = Case(Received, new DsrTold(Id, 0, DsrStatus.Completed), new DsrNotTold(Id, 1, DsrStatus.Completed, "status-410", RetryAt: null));
        state.ToTell(DsrStatus.Completed, Noon.AddYears(1)).ShouldBeEmpty();
        state.IsOver(DsrStatus.Completed).ShouldBeTrue("one is told, the other given up");
        state.IsOver(DsrStatus.InProgress).ShouldBeFalse();
    }

    private static Decision Match(DsrCase state, SubjectRequests? subject = null, TenantRegister? register = null, DateTimeOffset? now = null) =>
        DsrMatch.Decide(state, new ReceiveRequest(Person, Type: RequestType.Erasure), Request, subject ?? SubjectRequests.None, register ?? TenantRegister.Empty, Place, identities: null, now ?? Noon);

    private static Decision Cancel(bool isOwn, PersonRequest? request) =>
        DsrCancel.Decide(Case(Received, new DsrMatched(Id, Person.Value, Request, isOwn)), Place, request, TenantRegister.Empty, Noon);

    /// <summary>What time has brought about by this moment.</summary>
    private static IReadOnlyList<object> At(DateTimeOffset moment, params object[] facts) =>
        ByTime.Cases.Decide(Case(facts), facts.Length, moment) is Decision.Record record ? [.. record.Events.Select(e => e.Facts)] : [];

    private static DsrCase Case(params IEnumerable<object> facts) => DsrCase.Stream.Replay(facts.Select((f, i) => Stored(f, i)), ErasureCatalog.Events);
}
