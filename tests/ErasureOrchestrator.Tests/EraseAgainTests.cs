using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Answering;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>A ledger that was restored has forgotten whom it erased.</summary>
public sealed class EraseAgainTests
{
    private static readonly object[] Erased =
        [.. Requested, new ErasureTaskCompleted(Request, "consent", TaskOutcome.Erased), new ErasureTaskCompleted(Request, "marketing-preference", TaskOutcome.Erased), new ErasureCompleted(Request, RequestOutcome.Fully)];

    [Fact]
    public void Our_own_systems_are_told_once_more_and_what_became_of_the_request_stands()
    {
        var before = Given(Erased);
        var again = EraseAgain.Decide(before.All[0], before).Whole(before);
        again.ShouldRecord(new ErasureTaskDispatched(Request, "consent", 2), new ErasureTaskDispatched(Request, "marketing-preference", 2));

        var state = Given([.. Erased, .. again.Facts()]);
        var (was, now) = (before.All[0].Tasks["consent"], state.All[0].Tasks["consent"]);
        (now with { Attempts = was.Attempts }).ShouldBe(was);
        ByTime.DueIn(state).ShouldBeEmpty();
        RecordReply.Decide(Request, "consent", new TaskReply.Done(TaskOutcome.Erased, Reason: null), attempt: null, state, Noon).ShouldBe(Decision.Unchanged);
        EraseAgain.Decide(state.All[0], state).Facts()[0].ShouldBe(new ErasureTaskDispatched(Request, "consent", 3), "whoever asks once more, under another key, means it");
    }

    [Fact]
    public void Who_had_answered_before_a_request_ends_is_told_once_more_and_nobody_else_is()
    {
        var state = Given([.. Requested, new ErasureTaskCompleted(Request, "consent", TaskOutcome.Erased)]);
        EraseAgain.Decide(state.All[0], state).Whole(state).ShouldRecord(new ErasureTaskDispatched(Request, "consent", 2));
    }

    [Fact]
    public void Nothing_is_erased_again_that_was_not_erased_or_that_a_hold_protects()
    {
        CodeOf(EraseAgain.Decide(Given(Requested).All[0], Given(Requested))).ShouldBe("not_erased");
        object[] copied = [((ErasureRequested)Requested[0]) with { Type = RequestType.Access }, new ErasurePlanned(Request, [new PlannedStep("consent", ProcessorKind.Service)], [], PolicyVersion: null), new ErasureTaskCompleted(Request, "consent", TaskOutcome.Provided, Type: RequestType.Access)];
        CodeOf(EraseAgain.Decide(Given(copied).All[0], Given(copied))).ShouldBe("not_erased");
        var held = Given([.. Erased, new HoldPlaced(Hold, HoldAuthority.CourtOrder, "T-1")]);
        CodeOf(EraseAgain.Decide(held.All[0], held)).ShouldBe("hold_in_force");
    }
}
