using System.Collections.Immutable;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Holds;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>What a hold keeps, under every id of a person, and that it lets go.</summary>
public sealed class HoldTests
{
    private static readonly TenantId Tenant = TenantId.Parse("quintus");
    private static readonly StreamKey A = New(), B = New(), C = New();
    private static readonly HoldPlaced Placed = new(Hold, HoldAuthority.CourtOrder, "T-1");

    [Fact]
    public void A_request_that_comes_under_a_hold_waits_and_says_so()
    {
        var state = Given(Placed);
        var facts = Erasures.Requesting.ReceiveRequest.Decide(Asking, Request, state, TenantRegister.Empty, Noon).Whole(state).Facts();
        facts.Count.ShouldBe(2);
        facts[1].ShouldBeOfType<ErasureHeld>().Holds.ShouldBe([Hold]);
        Given([Placed, .. facts]).All[0].State.ShouldBe(RequestState.Held);
    }

    [Fact]
    public void Only_erasures_are_held()
    {
        var state = Given(Placed);
        Erasures.Requesting.ReceiveRequest.Decide(Asking with { Type = RequestType.Access }, Request, state, TenantRegister.Empty, Noon).Whole(state).Facts().OfType<ErasureHeld>().ShouldBeEmpty();
    }

    [Fact]
    public void When_the_last_hold_lifts_the_request_goes_on_by_itself()
    {
        var other = new HoldPlaced(OtherRequest, HoldAuthority.LegalClaim, "T-2");
        object[] held = [Placed, other, Requested[0], new ErasureHeld(Request, [Hold, OtherRequest])];
        LiftHold.Decide(Hold, People((A, held))).Whole(Given(held)).Facts().Count.ShouldBe(1, "another one is in force");
        object[] left = [.. held, new HoldLifted(OtherRequest, HoldEnd.Lifted)];
        Lift(left).Select(f => f.GetType().Name).ShouldBe(["HoldLifted", "ErasureResumed", "ErasurePlanned", "ErasureTaskDispatched", "ErasureTaskDispatched"]);
    }

    [Fact]
    public void A_hold_that_comes_while_tasks_run_keeps_what_was_not_dispatched()
    {
        object[] running =
        [
            ((ErasureRequested)Requested[0]) with { WithdrawsAll = true },
            new ErasurePlanned(Request, [new PlannedStep(OwnSystems.Withdrawals, ProcessorKind.Service, Phase: 0), new PlannedStep("consent", ProcessorKind.Service)], [], PolicyVersion: null),
            new ErasureTaskDispatched(Request, OwnSystems.Withdrawals, 1),
            Placed,
            new ErasureHeld(Request, [Hold]),
        ];
        var state = Given(running);
        var done = RecordReply.Decide(Request, OwnSystems.Withdrawals, new TaskReply.Done(TaskOutcome.Withdrawn, Reason: null), attempt: null, state, Noon).Whole(state).Facts();
        done.ShouldHaveSingleItem().ShouldBeOfType<ErasureTaskCompleted>("its answer is heard, and the next phase waits");
        Lift([.. running, .. done]).Last().ShouldBeOfType<ErasureTaskDispatched>().System.ShouldBe("consent");
    }

    [Fact]
    public void A_hold_keeps_data_and_not_its_use_so_consents_are_withdrawn_under_it()
    {
        var state = Given(Placed);
        var facts = Erasures.Requesting.ReceiveRequest.Decide(Asking with { WithdrawAll = true }, Request, state, TenantRegister.Empty, Noon).Whole(state).Facts();
        facts.Select(f => f.GetType().Name).ShouldBe(["ErasureRequested", "ErasureHeld", "ErasureTaskDispatched"]);
        facts[2].ShouldBe(new ErasureTaskDispatched(Request, OwnSystems.Withdrawals, 1, WaitSeconds: 600));
        object[] held = [Placed, .. facts];
        Given(held).All[0].State.ShouldBe(RequestState.Held);

        var done = RecordReply.Decide(Request, OwnSystems.Withdrawals, new TaskReply.Done(TaskOutcome.Withdrawn, Reason: null), attempt: null, Given(held), Noon).Whole(Given(held)).Facts();
        done.ShouldHaveSingleItem().ShouldBeOfType<ErasureTaskCompleted>("nothing is erased");
        Lift([.. held, .. done]).Skip(2).Select(f => f is ErasureTaskDispatched told ? told.System : f.GetType().Name).ShouldBe(["ErasurePlanned", "consent", "marketing-preference"]);
    }

    [Fact]
    public void Withdrawals_that_are_under_way_are_told_again_under_a_hold_and_come_before_everything_else_after_it()
    {
        object[] held = [Placed, ((ErasureRequested)Requested[0]) with { WithdrawsAll = true }, new ErasureHeld(Request, [Hold]), new ErasureTaskDispatched(Request, OwnSystems.Withdrawals, 1, WaitSeconds: 600),
            new ErasureTaskFailed(Request, OwnSystems.Withdrawals, 1, "status-503", Noon.AddMinutes(30))];
        ByTime.DueIn(Given(held)).Select(d => d.Event).ShouldContain(new ErasureTaskDispatched(Request, OwnSystems.Withdrawals, 2, WaitSeconds: 1200));
        Lift(held).OfType<ErasureTaskDispatched>().ShouldBeEmpty("what is not withdrawn yet is not erased");
    }

    [Fact]
    public void Nobody_withdraws_for_who_may_be_a_stranger_or_against_an_instruction()
    {
        var asked = ((ErasureRequested)Requested[0]) with { WithdrawsAll = true, Identity = IdentityCheck.MailedLink };
        var stranger = Given(Placed, asked, new ErasureHeld(Request, [Hold]));
        Decision.Of(new ErasureEscalated(Request, 14, asked.DueOn)).Whole(stranger).Facts().Count.ShouldBe(1);
        Decision.Of(new ErasureIdentityVerified(Request, IdentityMethod.MailedLink)).Whole(stranger).Facts()[1].ShouldBeOfType<ErasureTaskDispatched>().System.ShouldBe(OwnSystems.Withdrawals);

        var instructed = Given(Placed, asked with { Identity = null, Instructor = "acme" }, new ErasureHeld(Request, [Hold]));
        Decision.Of(new ErasureEscalated(Request, 14, asked.DueOn)).Whole(instructed).Facts().Count.ShouldBe(1);
        Decision.Of(new ErasureInstructed(Request, Instruction.Proceed)).Whole(instructed).Facts()[1].ShouldBeOfType<ErasureTaskDispatched>().System.ShouldBe(OwnSystems.Withdrawals);
        Decision.Of(new ErasureInstructed(Request, Instruction.Decline)).Whole(instructed).Facts().OfType<ErasureTaskDispatched>().ShouldBeEmpty();
    }

    [Fact]
    public void What_was_all_done_before_a_hold_completes()
    {
        object[] running = [.. Requested, new ErasureTaskCompleted(Request, "consent", TaskOutcome.Erased), Placed, new ErasureHeld(Request, [Hold])];
        var state = Given(running);
        RecordReply.Decide(Request, "marketing-preference", new TaskReply.Done(TaskOutcome.Erased, Reason: null), attempt: null, state, Noon).Whole(state).Facts()[^1].ShouldBeOfType<ErasureCompleted>();
    }

    [Fact]
    public void A_hold_covers_every_id_of_the_person()
    {
        var placed = PlaceHold.Decide(new PlaceHold(HoldAuthority.CourtOrder, "T-1"), Hold, A, People((A, []), (B, []))).ShouldBeOfType<Decision.Record>();
        placed.Events.Select(e => (e.Stream, ((HoldPlaced)e.Facts).On)).ShouldBe([(A, null), (B, A.Id.Value)], ignoreOrder: true);
        PlaceHold.Decide(new PlaceHold(HoldAuthority.CourtOrder, "T-1"), OtherRequest, A, People((A, [Placed]))).ShouldBe(Decision.Unchanged, "the same case again is the same hold");
        CodeOf(PlaceHold.Decide(new PlaceHold(HoldAuthority.CourtOrder, "the case of Jane Doe"), Hold, A, People((A, [])))).ShouldBe("word_invalid");
    }

    [Fact]
    public void A_hold_on_an_id_that_one_reaches_already_from_another_is_its_own_and_stays_when_they_part()
    {
        object[] reached = [new SubjectJoined(A.Id.Value, 1), Placed with { On = A.Id.Value }];
        var own = PlaceHold.Decide(new PlaceHold(HoldAuthority.CourtOrder, "T-1"), OtherRequest, B, People((B, reached))).Facts().ShouldHaveSingleItem();
        own.ShouldBe(Placed with { Hold = OtherRequest });
        Part(B, A, (B, [.. reached, own]), (A, [Placed, new SubjectJoined(B.Id.Value, 1)])).ShouldBe([(B, new HoldLifted(Hold, HoldEnd.Parted))]);
    }

    [Fact]
    public void Who_turns_out_to_be_the_same_person_is_held_as_well_both_ways()
    {
        var joined = FollowAliases.Join(A, B.Id.Value, 7, People((A, []), (B, [Placed]), (C, [])));
        joined.ShouldBeOfType<Decision.Record>().Events.Where(e => e.Facts is HoldPlaced).Select(e => (e.Stream, ((HoldPlaced)e.Facts).On)).ShouldBe([(A, B.Id.Value), (C, B.Id.Value)], ignoreOrder: true);
        FollowAliases.Join(A, B.Id.Value, 7, People((A, [new SubjectJoined(B.Id.Value, 7)]), (B, []))).ShouldBe(Decision.Unchanged, "heard before");
    }

    [Fact]
    public void A_tie_that_is_heard_late_is_passed_over_only_where_something_later_was_said_of_the_same_two()
    {
        FollowAliases.Join(A, B.Id.Value, 7, People((A, [new SubjectJoined(C.Id.Value, 8)]), (B, [Placed]))).ShouldBeOfType<Decision.Record>()
            .Events.Where(e => e.Facts is HoldPlaced).Select(e => e.Stream).ShouldBe([A], "parked, and replayed after another tie");
        object[] parted = [new SubjectJoined(B.Id.Value, 3), new SubjectParted(B.Id.Value, 5)];
        FollowAliases.Join(A, B.Id.Value, 3, People((A, parted), (B, [Placed]))).ShouldBe(Decision.Unchanged);
        FollowAliases.Part(A, B.Id.Value, 4, People((A, [new SubjectJoined(B.Id.Value, 6)]), (B, []))).ShouldBe(Decision.Unchanged);
        FollowAliases.Part(A, B.Id.Value, 7, People((A, [new SubjectJoined(B.Id.Value, 6), new SubjectJoined(C.Id.Value, 8)]), (B, []), (C, []))).ShouldBeOfType<Decision.Record>().Events[0].Facts.ShouldBe(new SubjectParted(B.Id.Value, 7));
    }

    [Fact]
    public void Who_turns_out_to_be_another_person_is_held_no_longer_unless_the_hold_was_theirs()
    {
        var through = Placed with { On = A.Id.Value };
        Part(B, A, (B, [new SubjectJoined(A.Id.Value, 1), through]), (A, [Placed, new SubjectJoined(B.Id.Value, 1)])).ShouldBe([(B, new HoldLifted(Hold, HoldEnd.Parted))]);
        Part(A, B, (A, [Placed, new SubjectJoined(B.Id.Value, 1)]), (B, [new SubjectJoined(A.Id.Value, 1), through])).ShouldBeEmpty();
    }

    [Fact]
    public void A_hold_that_was_placed_between_the_two_messages_of_a_parting_goes_with_the_second()
    {
        object[] other = [new SubjectJoined(B.Id.Value, 1), new SubjectParted(B.Id.Value, 2), Placed with { On = B.Id.Value }];
        Part(B, A, (B, [new SubjectJoined(A.Id.Value, 1), Placed]), (A, other)).ShouldBe([(A, new HoldLifted(Hold, HoldEnd.Parted))]);
        Part(B, A, (B, [new SubjectJoined(A.Id.Value, 1), Placed]), (A, [.. other, new SubjectJoined(C.Id.Value, 3)]), (C, [new SubjectJoined(B.Id.Value, 1)])).ShouldBeEmpty("somebody else ties them");
    }

    [Fact]
    public void Who_is_tied_by_somebody_else_stays_held()
    {
        var through = Placed with { On = A.Id.Value };
        Part(
            B, A,
            (B, [new SubjectJoined(A.Id.Value, 1), new SubjectJoined(C.Id.Value, 2), through]),
            (C, [new SubjectJoined(A.Id.Value, 1), new SubjectJoined(B.Id.Value, 2), through]),
            (A, [Placed, new SubjectJoined(B.Id.Value, 1), new SubjectJoined(C.Id.Value, 2)])).ShouldBeEmpty();
    }

    private static List<object> Lift(object[] facts) => [.. LiftHold.Decide(Hold, People((A, facts))).Own().Whole(Given(facts)).Facts()];

    private static IEnumerable<(StreamKey?, HoldLifted)> Part(StreamKey subject, StreamKey other, params (StreamKey, object[])[] persons) =>
        FollowAliases.Part(subject, other.Id.Value, 9, People(persons)).ShouldBeOfType<Decision.Record>().Events.Where(e => e.Facts is HoldLifted).Select(e => (e.Stream, (HoldLifted)e.Facts));

    private static ImmutableDictionary<StreamKey, SubjectRequests> People(params (StreamKey Stream, object[] Facts)[] persons) => persons.ToImmutableDictionary(p => p.Stream, p => Given(p.Facts));

    private static StreamKey New() => new(Tenant, NewSubject().Stream);
}

internal static class OwnEvents
{
    /// <summary>As the command's own stream has them.</summary>
    public static Decision Own(this Decision decision) => decision is Decision.Record record ? record with { Events = [.. record.Events.Select(e => e with { Stream = null })] } : decision;
}
