using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Completing;
using ConsentLedger.EventStore;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests;

public sealed class CompleteTaskTests
{
    [Fact]
    public void The_first_answer_completes_its_task() =>
        CompleteTask.Decide(Request, "consent", Given(Requested)).ShouldRecord(Erased("consent"));

    [Theory]
    [InlineData("consent", "marketing-preference")]
    [InlineData("marketing-preference", "consent")]
    public void The_last_answer_completes_the_request_as_well(string first, string last) =>
        CompleteTask.Decide(Request, last, Given([.. Requested, Erased(first)])).ShouldRecord(Erased(last), new ErasureCompleted(Request));

    [Fact]
    public void A_repeated_answer_writes_nothing() =>
        CompleteTask.Decide(Request, "consent", Given([.. Requested, Erased("consent")])).ShouldBe(Decision.Unchanged);

    [Fact]
    public void An_answer_after_the_end_writes_nothing() =>
        CompleteTask.Decide(Request, "consent", Given([.. Requested, Erased("consent"), Erased("marketing-preference"), new ErasureCompleted(Request)])).ShouldBe(Decision.Unchanged);

    [Fact]
    public void A_task_that_was_dispatched_again_is_completed_by_any_answer() =>
        CompleteTask.Decide(Request, "consent", Given([.. Requested, new ErasureTaskDispatched(Request, "consent", 2)])).ShouldRecord(Erased("consent"));

    [Fact]
    public void An_answer_about_someone_nobody_asked_to_erase_is_refused() => CodeOf(CompleteTask.Decide(Request, "consent", Given())).ShouldBe("erasure_unknown");

    [Fact]
    public void An_answer_to_another_request_is_refused() => CodeOf(CompleteTask.Decide(OtherRequest, "consent", Given(Requested))).ShouldBe("erasure_unknown");

    [Fact]
    public void The_times_of_a_task_are_those_of_its_events()
    {
        var request = Given([.. Requested, Erased("consent"), Erased("marketing-preference"), new ErasureCompleted(Request)]).Request!;
        request.ReceivedAt.ShouldBe(Noon);
        request.Tasks["consent"].ShouldBe(new ErasureTask(1, Noon.AddMinutes(1), TaskOutcome.Erased, Noon.AddMinutes(3)));
        request.CompletedAt.ShouldBe(Noon.AddMinutes(5));
    }

    private static ErasureTaskCompleted Erased(string system) => new(Request, system, TaskOutcome.Erased);

    private static string CodeOf(Decision decision) => decision.ShouldBeOfType<Decision.Refuse>().Refusal.Code;
}
