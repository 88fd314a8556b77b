using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Answering;

/// <summary>Somebody says what became of a system's part: on their task list, or for a system that told them otherwise than by a call.</summary>
/// <param name="Reason">Why something was kept or refused; needed then, and then only.</param>
public sealed record AnswerTask(TaskOutcome Outcome, KeepReason? Reason = null)
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/erasures/{id:guid}/tasks/{system}/outcome", HandleAsync).RequireScope(Scopes.ErasureDecide)
            .RefusesWith("task_unknown", "task_not_by_hand", "task_not_told", "outcome_not_applicable", "reason_required", "reason_not_needed").Produces<Reading.ErasureAnswer>();

    public Decision Decide(PersonRequest request, string system, SubjectRequests subject, DateTimeOffset now)
    {
        if (!request.Tasks.TryGetValue(system, out var task)) return Decision.No("task_unknown", "The system has no part in this request.");
        if (task.Kind == ProcessorKind.Service) return Decision.No("task_not_by_hand", "Our own systems say themselves what became of their part.");
        if (task is { Stage: TaskStage.Planned, IsOpen: true }) return Decision.No("task_not_told", "The system was not told yet; the request waits.");
        var word = Reason is { } reason ? ErasureTables.NameOf(reason) : null;
        if (RecordReply.WhyNot(request.Type, system, Outcome, word) is { } why) return new Decision.Refuse(why);
        if (word is not null && !RecordReply.NeedsReason(Outcome)) return Decision.No("reason_not_needed", "A reason says why something was kept or refused.");
        return RecordReply.Decide(request.Id, system, new TaskReply.Done(Outcome, word), attempt: null, subject, now);
    }

    private static Task<IResult> HandleAsync(
        Guid id, string system, Body<AnswerTask> body, Caller caller, CommandOptions options, ErasureLookup lookup, DeciderLoop ledger, StateReader reader, Patience patience, CancellationToken ct) =>
        RequestActs.CarryOutAsync(id, (request, subject, _, now) => body.Value.Decide(request, system, subject, now), body, caller, options, lookup, ledger, reader, patience, ct);
}
