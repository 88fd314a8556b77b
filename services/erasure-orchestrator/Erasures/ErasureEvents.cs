namespace ConsentLedger.ErasureOrchestrator.Erasures;

// The stream is the person's, so none of these names the person again.

/// <summary>Someone asked to be forgotten (GDPR art. 17(1)).</summary>
/// <param name="DueOn">The last day on which the answer is still in time (GDPR art. 12(3)).</param>
public sealed record ErasureRequested(Guid Request, ErasureReason? Reason, DateOnly DueOn);

/// <summary>A system is told to erase the person; again, with the next number, when it stays silent.</summary>
/// <param name="Attempt">From 1.</param>
public sealed record ErasureTaskDispatched(Guid Request, string System, int Attempt);

/// <summary>A system answered that its part is done.</summary>
public sealed record ErasureTaskCompleted(Guid Request, string System, TaskOutcome Outcome);

/// <summary>Every system has answered.</summary>
public sealed record ErasureCompleted(Guid Request);

/// <summary>Why a person is erased: the grounds of GDPR art. 17(1)(a) to (f), and what a controller promised beyond them. Never free text.</summary>
public enum ErasureReason
{
    NoLongerNeeded,
    ConsentWithdrawn,
    Objection,
    UnlawfulProcessing,
    LegalObligation,
    CollectedFromChild,
    Termination,
    ControllerInstruction,
}

public enum TaskOutcome
{
    Erased,
}
