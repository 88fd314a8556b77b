using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.EventStore;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests;

public sealed class RecordReplyTests
{
    private static readonly TaskReply Erased = new TaskReply.Done(TaskOutcome.Erased, Reason: null);

    [Fact]
    public void The_first_answer_completes_its_task() => Reply("consent", Given(Requested)).ShouldRecord(Completed("consent"));

    [Theory]
    [InlineData("consent", "marketing-preference")]
    [InlineData("marketing-preference", "consent")]
    public void The_last_answer_completes_the_request_as_well(string first, string last) =>
        Reply(last, Given([.. Requested, Completed(first)])).ShouldRecord(Completed(last), Whole);

    [Fact]
    public void A_request_of_the_release_before_goes_on() =>
        Reply("consent", Given([.. RequestedBefore, Completed("marketing-preference")])).ShouldRecord(Completed("consent"), Whole);

    [Fact]
    public void A_repeated_answer_writes_nothing() => Reply("consent", Given([.. Requested, Completed("consent")])).ShouldBe(Decision.Unchanged);

    [Fact]
    public void A_task_that_was_dispatched_again_is_completed_by_any_answer() =>
        Reply("consent", Given([.. Requested, new ErasureTaskDispatched(Request, "consent", 2)])).ShouldRecord(Completed("consent"));

    [Fact]
    public void An_answer_about_someone_nobody_asked_to_erase_is_refused() => CodeOf(Reply("consent", Given())).ShouldBe("erasure_unknown");

    [Fact]
    public void An_answer_to_another_request_is_refused() =>
        CodeOf(RecordReply.Decide(OtherRequest, "consent", Erased, attempt: null, Given(Requested), Noon)).ShouldBe("erasure_unknown");

    [Fact]
    public void An_answer_of_a_system_without_a_part_is_refused() => CodeOf(Reply("somebody", Given(Requested))).ShouldBe("task_unknown");

    [Fact]
    public void Another_answer_afterwards_is_kept_beside_the_first_and_undoes_nothing()
    {
        var state = Given([.. Requested, Completed("consent"), Completed("marketing-preference"), new ErasureCompleted(Request, RequestOutcome.Fully)]);
        var contradicted = new ErasureTaskContradicted(Request, "consent", TaskOutcome.Refused, "legal-obligation");
        Reply("consent", state, new TaskReply.Refused("legal-obligation")).ShouldRecord(contradicted);
        Reply("consent", Given([.. Requested, Completed("consent"), contradicted]), new TaskReply.Refused("legal-obligation")).ShouldBe(Decision.Unchanged);
        var after = Given([.. Requested, Completed("consent"), contradicted]).All[0];
        after.Tasks["consent"].Outcome.ShouldBe(TaskOutcome.Erased);
        after.Tasks["consent"].Contradictions.ShouldHaveSingleItem().Outcome.ShouldBe(TaskOutcome.Refused);
    }

    [Fact]
    public void An_answer_counts_before_the_call_has_returned()
    {
        var calling = Given(Calling);
        var done = Given([.. Calling, new ErasureTaskCompleted(Request, "crm", TaskOutcome.Erased)]);
        RecordReply.Decide(Request, "crm", Erased, attempt: null, calling, Noon).ShouldRecord(new ErasureTaskCompleted(Request, "crm", TaskOutcome.Erased));
        RecordReply.Decide(Request, "crm", new TaskReply.Accepted("7", ExpectedBy: null), attempt: 1, done, Noon).ShouldBe(Decision.Unchanged);
        RecordReply.Decide(Request, "crm", new TaskReply.Unreachable("timeout", RetryAfter: null), attempt: 1, done, Noon).ShouldBe(Decision.Unchanged);
    }

    [Fact]
    public void Who_cannot_be_reached_is_told_again_later_and_later_but_at_least_once_a_day()
    {
        var waits = Enumerable.Range(1, 20).Select(n => Patience.Retry(Request, "crm", n, asked: null)).ToList();
        waits[0].ShouldBeInRange(TimeSpan.FromSeconds(22), TimeSpan.FromSeconds(38));
        waits[5].ShouldBeGreaterThan(waits[0] * 8);
        waits.ShouldAllBe(w => w <= TimeSpan.FromDays(1.25));
        waits.Skip(14).Distinct().Count().ShouldBeGreaterThan(1, "not the same for all");
    }

    [Fact]
    public void Who_asks_to_be_left_alone_is()
    {
        var failed = RecordReply.Decide(Request, "crm", new TaskReply.Unreachable("status-503", TimeSpan.FromHours(3)), attempt: 1, Given(Calling), Noon).Facts()[0].ShouldBeOfType<ErasureTaskFailed>();
        failed.RetryAt.ShouldBe(Noon.AddHours(3));
        Patience.Retry(Request, "crm", 1, TimeSpan.FromDays(400)).ShouldBe(TimeSpan.FromDays(7));
    }

    [Fact]
    public void A_failure_of_an_attempt_that_was_followed_by_another_is_passed_over() =>
        RecordReply.Decide(Request, "crm", new TaskReply.Unreachable("timeout", RetryAfter: null), attempt: 2, Given(Calling), Noon).ShouldBe(Decision.Unchanged);

    [Fact]
    public void What_is_no_word_does_not_get_into_the_facts()
    {
        var completed = RecordReply.Decide(Request, "crm", new TaskReply.Done(TaskOutcome.Erased, "Mr Doe of 1 Main Street objects"), attempt: null, Given(Calling), Noon).Facts()[0].ShouldBeOfType<ErasureTaskCompleted>();
        completed.Reason.ShouldBeNull();
        CodeOf(RecordReply.Decide(Request, "crm", new TaskReply.Done(TaskOutcome.Kept, "Mr Doe of 1 Main Street objects"), attempt: null, Given(Calling), Noon)).ShouldBe("reason_required");
        RecordReply.Decide(Request, "crm", new TaskReply.Refused("doe@example.org"), attempt: null, Given(Calling), Noon).Facts()[0].ShouldBeOfType<ErasureTaskCompleted>().Reason.ShouldBe("unspecified");
    }

    [Theory]
    [InlineData(TaskOutcome.Provided, null, "outcome_not_applicable")]
    [InlineData(TaskOutcome.Corrected, null, "outcome_not_applicable")]
    [InlineData(TaskOutcome.Restricted, null, "outcome_not_applicable")]
    [InlineData(TaskOutcome.Withdrawn, null, "outcome_not_applicable")]
    [InlineData(TaskOutcome.Kept, null, "reason_required")]
    [InlineData(TaskOutcome.PartlyErased, null, "reason_required")]
    [InlineData(TaskOutcome.Refused, null, "reason_required")]
    public void What_no_erasure_ends_with_ends_none(TaskOutcome outcome, string? reason, string code)
    {
        CodeOf(RecordReply.Decide(Request, "crm", new TaskReply.Done(outcome, reason), attempt: null, Given(Calling), Noon)).ShouldBe(code);
        var failed = RecordReply.Decide(Request, "crm", new TaskReply.Done(outcome, reason), attempt: 1, Given(Calling), Noon).Facts().ShouldHaveSingleItem().ShouldBeOfType<ErasureTaskFailed>();
        failed.Code.ShouldBe(code.Replace('_', '-'), "a call is made again");
    }

    [Fact]
    public void No_copy_is_erased() =>
        CodeOf(RecordReply.Decide(Request, "consent", Erased, attempt: null, Given([new ErasureRequested(Request, null, new DateOnly(2026, 2, 28), RequestType.Access), new ErasureTaskDispatched(Request, "consent", 1, RequestType.Access)]), Noon))
            .ShouldBe("outcome_not_applicable");

    [Fact]
    public void Where_data_lies_is_sealed_and_that_it_lies_somewhere_is_a_fact()
    {
        var place = new StreamKey(TenantId.Parse("quintus"), new StreamId(Request));
        object[] calling = [((ErasureRequested)Requested[0]) with { Type = RequestType.Access }, new ErasurePlanned(Request, [new PlannedStep("crm", ProcessorKind.Webhook)], [], PolicyVersion: null), new ErasureTaskDispatched(Request, "crm", 1, RequestType.Access)];
        var provided = new TaskReply.Done(TaskOutcome.Provided, Reason: null, SystemResults.Of("https://crm.example/canary-7", 3));
        var record = RecordReply.Decide(Request, "crm", provided, attempt: 1, Given(calling), Noon, place).ShouldBeOfType<Decision.Record>();
        record.Events.Select(e => (e.Facts, e.Stream)).ShouldBe([
            (new ErasureTaskCompleted(Request, "crm", TaskOutcome.Provided, Type: RequestType.Access, HasResults: true), null), (new ResultsSealed(Request, "crm"), place)]);
        System.Text.Json.JsonSerializer.Serialize(record.Events.Select(e => e.Facts)).ShouldNotContain("canary");
        $"{provided}".ShouldNotContain("canary");
        Given([.. calling, record.Events[0].Facts]).All[0].HasIdentities.ShouldBeTrue("it ends with the request");

        RecordReply.Decide(Request, "crm", provided, attempt: 1, Given(calling), Noon).Facts().ShouldHaveSingleItem().ShouldBeOfType<ErasureTaskCompleted>().Reason.ShouldBe("results-not-kept", "nothing is sealed without a vault");
        SystemResults.Of("http://crm.example/7", null).ShouldBeNull();
        SystemResults.Of("https://who:secret@crm.example/7", null).ShouldBeNull();
        SystemResults.Of("javascript:alert(1)", null).ShouldBeNull();
    }

    [Fact]
    public void A_reference_with_a_slash_is_kept() =>
        RecordReply.Decide(Request, "crm", new TaskReply.Accepted("batch/7", ExpectedBy: null), attempt: 1, Given(Calling), Noon).Facts()[0].ShouldBeOfType<ErasureTaskAccepted>().Reference.ShouldBe("batch/7");

    [Fact]
    public void What_is_kept_makes_it_partial_and_all_of_it_kept_makes_it_refused()
    {
        var kept = Reply("consent", Given([.. Requested, Completed("marketing-preference")]), new TaskReply.Done(TaskOutcome.Kept, "legal-obligation")).Facts()[^1].ShouldBeOfType<ErasureCompleted>();
        kept.Outcome.ShouldBe(RequestOutcome.Partially);
        kept.Systems.ShouldBe([new SystemOutcome("consent", TaskOutcome.Kept, "legal-obligation"), new SystemOutcome("marketing-preference", TaskOutcome.Erased)]);
        Reply("consent", Given([.. Requested, new ErasureTaskCompleted(Request, "marketing-preference", TaskOutcome.Refused, "x")]), new TaskReply.Refused("x")).Facts()[^1]
            .ShouldBeOfType<ErasureCompleted>().Outcome.ShouldBe(RequestOutcome.Refused);
    }

    /// <summary>A webhook is owed its call.</summary>
    private static object[] Calling =>
    [
        Requested[0],
        new ErasurePlanned(Request, [new PlannedStep("consent", ProcessorKind.Service), new PlannedStep("crm", ProcessorKind.Webhook)], [], PolicyVersion: null),
        new ErasureTaskDispatched(Request, "consent", 1, WaitSeconds: 600),
        new ErasureTaskDispatched(Request, "crm", 1),
    ];

    private static ErasureCompleted Whole => new(Request, RequestOutcome.Fully, Systems: [new SystemOutcome("consent", TaskOutcome.Erased), new SystemOutcome("marketing-preference", TaskOutcome.Erased)]);

    private static ErasureTaskCompleted Completed(string system) => new(Request, system, TaskOutcome.Erased);

    private static Decision Reply(string system, SubjectRequests state, TaskReply? reply = null) => RecordReply.Decide(Request, system, reply ?? Erased, attempt: null, state, Noon).Whole(state);
}
