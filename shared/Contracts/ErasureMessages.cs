namespace ConsentLedger.Contracts;

// How one erasure goes round: requested, a task for each system, each system's own fence and end, completed.

/// <summary>A system raised the fence: it records nothing more about this person but the end of the erasure.</summary>
/// <param name="Request">The erasure request.</param>
/// <param name="RecipientsToTell">Recipients of the policy who hold data about the person and have to erase it too (GDPR art. 19); absent where the system knows of none.</param>
public sealed record SubjectErasureStartedV1(Guid Request, IReadOnlyList<string>? RecipientsToTell = null)
{
    public const string Type = "subject.erasure-started.v1";
}

/// <summary>A system destroyed the person's key and everything it could find them by.</summary>
/// <param name="Request">The erasure request.</param>
public sealed record SubjectErasedV1(Guid Request)
{
    public const string Type = "subject.erased.v1";
}

/// <summary>Someone asked to be forgotten.</summary>
/// <param name="Reason">A code such as <c>consent-withdrawn</c>, never free text.</param>
public sealed record ErasureRequestedV1(Guid Request, string? Reason = null)
{
    public const string Type = "erasure.requested.v1";
}

/// <summary>A system is asked to erase the subject.</summary>
/// <param name="System"><c>consent</c> or <c>marketing-preference</c>.</param>
public sealed record ErasureTaskDispatchedV1(Guid Request, string System)
{
    public const string Type = "erasure.task-dispatched.v1";
}

/// <summary>A system is done with its part.</summary>
/// <param name="Outcome">What became of it, such as <c>erased</c>.</param>
public sealed record ErasureTaskCompletedV1(Guid Request, string System, string Outcome)
{
    public const string Type = "erasure.task-completed.v1";
}

/// <summary>Every system is done.</summary>
public sealed record ErasureCompletedV1(Guid Request)
{
    public const string Type = "erasure.completed.v1";
}
