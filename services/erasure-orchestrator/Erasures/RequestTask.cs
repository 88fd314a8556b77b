using System.Collections.Immutable;
using ConsentLedger.ErasureOrchestrator.Register;

namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <summary>One system's part in a request.</summary>
public sealed record RequestTask(ProcessorKind Kind, int Phase, string? Assignee)
{
    /// <summary>As long as it is borne that one of our own systems says nothing, where the request does not say.</summary>
    private static readonly TimeSpan UsualWait = TimeSpan.FromMinutes(10);

    /// <summary>From before there were plans; and of withdrawals, which do not wait for one.</summary>
    internal static RequestTask Unplanned(string system) => new(ProcessorKind.Service, system == OwnSystems.Withdrawals ? 0 : 1, Assignee: null);

    public TaskStage Stage { get; init; }

    /// <summary>How often the system was told.</summary>
    public int Attempts { get; init; }

    /// <summary>When it was last told.</summary>
    public DateTimeOffset? DispatchedAt { get; init; }

    /// <summary>For how long its silence is borne this time.</summary>
    public TimeSpan Wait { get; init; }

    /// <summary>When it is told again, or asked, unless it answers before.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>What it calls its part.</summary>
    public string? Reference { get; init; }

    /// <summary>It has said at some time that it does its part.</summary>
    public bool IsTakenOn { get; init; }

    /// <summary>Why it was not reached the last time.</summary>
    public string? Failure { get; init; }

    public TaskOutcome? Outcome { get; init; }

    public string? Reason { get; init; }

    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>It said where its data lies.</summary>
    public bool HasResults { get; init; }

    public ImmutableList<Contradiction> Contradictions { get; init; } = ImmutableList<Contradiction>.Empty;

    public bool IsOpen => Outcome is null;

    /// <summary>Somebody of the privacy team sees to what a call could not.</summary>
    public bool IsHandedOver => this is { IsOpen: true, Stage: TaskStage.WithPeople, Kind: not ProcessorKind.Manual };

    /// <summary>Nothing of what the system has for the person is left, or what was asked for is done.</summary>
    public bool IsWhole => Outcome is TaskOutcome.Erased or TaskOutcome.NothingHeld or TaskOutcome.Provided or TaskOutcome.Corrected or TaskOutcome.Restricted or TaskOutcome.Withdrawn;

    internal static RequestTask Of(PlannedStep step) => new(step.Kind, step.Phase, step.Assignee);

    internal RequestTask Dispatched(ErasureTaskDispatched e, EventPlace place)
    {
        // Told once more after its part was done, which stays done.
        if (!IsOpen) return this with { Attempts = e.Attempt };

        // What is told over the bus or to people is told by this event. A call is still to be made.
        var isCall = Running.Calls.Makes(Kind, e.System, e.Type ?? RequestType.Erasure);
        var wait = e.WaitSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : UsualWait * Math.Pow(2, Math.Min(e.Attempt - 1, 7));
        return this with
        {
            Stage = isCall ? TaskStage.Calling : Kind == ProcessorKind.Manual ? TaskStage.WithPeople : TaskStage.Waiting,
            Attempts = e.Attempt,
            DispatchedAt = place.RecordedAt,
            Wait = wait,
            NextAt = isCall || Kind == ProcessorKind.Manual ? null : place.RecordedAt + wait,
        };
    }

    internal RequestTask HandedOver(ErasureTaskHandedOver e) => this with { Stage = TaskStage.WithPeople, Assignee = TenantRegister.PrivacyTeam, Failure = e.Code, NextAt = null };

    internal RequestTask Done(ErasureTaskCompleted e, EventPlace place) =>
        this with { Stage = TaskStage.Closed, Outcome = e.Outcome, Reason = e.Reason, CompletedAt = place.RecordedAt, HasResults = e.HasResults == true, NextAt = null, Failure = null };
}

/// <summary>What a system said after it had said something else.</summary>
public sealed record Contradiction(TaskOutcome Outcome, string? Reason, DateTimeOffset At);

public enum TaskStage
{
    /// <summary>Not told yet.</summary>
    Planned,

    /// <summary>A call has to be made.</summary>
    Calling,

    /// <summary>Told; it is its turn.</summary>
    Waiting,

    /// <summary>On somebody's list.</summary>
    WithPeople,
    Closed,
}
