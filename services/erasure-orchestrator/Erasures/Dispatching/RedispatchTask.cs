namespace ConsentLedger.ErasureOrchestrator.Erasures.Dispatching;

/// <summary>Tells a system again what it has not answered. Systems erase once, however often they are told.</summary>
public static class RedispatchTask
{
    /// <param name="attempt">The one that stayed without an answer. Another replica may have seen that first.</param>
    public static Decision Decide(Guid request, string system, int attempt, SubjectErasure subject) =>
        subject.Request is { } running && running.Id == request && running.IsOpen(system) && running.Tasks[system].Attempts == attempt
            ? Decision.Of(new ErasureTaskDispatched(request, system, attempt + 1))
            : Decision.Unchanged;

    /// <summary>Named by the attempt it follows, so that every replica that comes to it sends the same command.</summary>
    public static Command For(OverdueTask task) => new(
        task.Subject, SubjectErasure.Stream, Digest.Of($"redispatch {task.Request}", $"{task.System} {task.Attempt}"), default,
        context => Decide(task.Request, task.System, task.Attempt, context.State<SubjectErasure>()));
}
