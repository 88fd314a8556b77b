using System.Collections.Immutable;

namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <summary>
/// The erasure of one person. The stream has the person's own id, so that two requests for the same person meet in it and the second is
/// recognised; a person who comes back gets a new id, so there is never a second erasure.
/// </summary>
public sealed record SubjectErasure(ErasureRequest? Request)
{
    public static readonly StreamType<SubjectErasure> Stream = new(new SubjectErasure(Request: null), (state, e, place) => state.Evolve(e, place));

    private SubjectErasure Evolve(object e, EventPlace place) => e switch
    {
        ErasureRequested requested => new SubjectErasure(new ErasureRequest(
            requested.Request, requested.Reason, place.RecordedAt, requested.DueOn, ImmutableSortedDictionary<string, ErasureTask>.Empty, CompletedAt: null)),
        ErasureTaskDispatched dispatched => WithTask(dispatched.System, task => task with { Attempts = dispatched.Attempt, DispatchedAt = place.RecordedAt }),
        ErasureTaskCompleted completed => WithTask(completed.System, task => task with { Outcome = completed.Outcome, CompletedAt = place.RecordedAt }),
        ErasureCompleted => new SubjectErasure(Request! with { CompletedAt = place.RecordedAt }),
        _ => this,
    };

    private SubjectErasure WithTask(string system, Func<ErasureTask, ErasureTask> change) =>
        new(Request! with { Tasks = Request.Tasks.SetItem(system, change(Request.Tasks.GetValueOrDefault(system, ErasureTask.New))) });
}

/// <param name="Tasks">By system.</param>
public sealed record ErasureRequest(
    Guid Id, ErasureReason? Reason, DateTimeOffset ReceivedAt, DateOnly DueOn, ImmutableSortedDictionary<string, ErasureTask> Tasks, DateTimeOffset? CompletedAt)
{
    public bool IsOpen(string system) => Tasks.TryGetValue(system, out var task) && task.IsOpen;
}

/// <param name="Attempts">How often the system was told.</param>
/// <param name="DispatchedAt">When it was last told.</param>
public sealed record ErasureTask(int Attempts, DateTimeOffset DispatchedAt, TaskOutcome? Outcome, DateTimeOffset? CompletedAt)
{
    public static readonly ErasureTask New = new(0, default, null, null);

    public bool IsOpen => Outcome is null;
}
