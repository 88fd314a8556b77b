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

/// <summary>What became of a system's part.</summary>
public enum TaskOutcome
{
    /// <summary>Everything it had.</summary>
    Erased,

    /// <summary>It had nothing.</summary>
    NothingHeld,

    /// <summary>Some of it; the reason says why not all.</summary>
    PartlyErased,

    /// <summary>Nothing was erased; the reason says why.</summary>
    Kept,

    /// <summary>A copy was made (GDPR art. 15, 20).</summary>
    Provided,

    /// <summary>What was wrong is right (GDPR art. 16).</summary>
    Corrected,

    /// <summary>Data is only stored (GDPR art. 18).</summary>
    Restricted,

    /// <summary>It will not do its part; the reason says why.</summary>
    Refused,
}
