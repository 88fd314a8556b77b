namespace ConsentLedger.ErasureOrchestrator.Erasures.Completing;

/// <summary>A system answered. The last answer completes the request in the same commit, so that no crash leaves it done but open.</summary>
public static class CompleteTask
{
    public static Decision Decide(Guid request, string system, SubjectErasure subject)
    {
        // Somewhere a person was erased whom nobody here asked to erase: not to be recorded, and not to be passed over either.
        if (subject.Request is not { } running || running.Id != request)
            return Decision.No("erasure_unknown", "No erasure of this person was requested under this id.");
        if (!running.IsOpen(system)) return Decision.Unchanged;

        var completed = new ErasureTaskCompleted(request, system, TaskOutcome.Erased);
        return running.Tasks.Any(task => task.Key != system && task.Value.IsOpen)
            ? Decision.Of(completed)
            : Decision.Of(completed, new ErasureCompleted(request));
    }
}
