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
/// <param name="System"><c>consent</c>, <c>marketing-preference</c>, or a processor of the tenant's register. Who is not named passes it over.</param>
public sealed record ErasureTaskDispatchedV1(Guid Request, string System)
{
    public const string Type = "erasure.task-dispatched.v1";
}

/// <summary>A system is done with its part.</summary>
/// <param name="Outcome">What became of it, such as <c>erased</c>, <c>partly-erased</c>, <c>kept</c> or <c>refused</c>.</param>
/// <param name="Reason">Why something is kept or refused, in a word.</param>
public sealed record ErasureTaskCompletedV1(Guid Request, string System, string Outcome, string? Reason = null)
{
    public const string Type = "erasure.task-completed.v1";
}

/// <summary>Every system is done, or the request was refused.</summary>
/// <param name="Outcome"><c>fully</c>, <c>partially</c> or <c>refused</c>.</param>
/// <param name="Reason">Why it was refused, in a word.</param>
/// <param name="Systems">What became of each system's part; absent where none was told.</param>
public sealed record ErasureCompletedV1(Guid Request, string? Outcome = null, string? Reason = null, IReadOnlyList<SystemOutcomeV1>? Systems = null)
{
    public const string Type = "erasure.completed.v1";
}

/// <summary>What became of one system's part.</summary>
/// <param name="Outcome">Such as <c>erased</c>, <c>kept</c>, <c>provided</c> or <c>refused</c>.</param>
/// <param name="Reason">Why something is kept or refused, in a word.</param>
public sealed record SystemOutcomeV1(string System, string Outcome, string? Reason = null);

/// <summary>What an erasure does is settled, and it begins.</summary>
/// <param name="Systems">Those that have a part in it.</param>
/// <param name="Kept">What stays, and why (GDPR art. 17(3)).</param>
public sealed record ErasurePlannedV1(Guid Request, IReadOnlyList<string> Systems, IReadOnlyList<KeptV1> Kept, string? PolicyVersion = null)
{
    public const string Type = "erasure.planned.v1";
}

/// <summary>Something that stays.</summary>
/// <param name="Reason">Such as <c>legal-obligation</c> or <c>retention-rule</c>.</param>
/// <param name="System">Whose; absent for the controller itself.</param>
/// <param name="Purpose">What for, where the policy says so.</param>
public sealed record KeptV1(string Reason, string? System = null, string? Purpose = null);

/// <summary>A system said something else after it had answered. What it said first stands; somebody should look.</summary>
public sealed record ErasureTaskContradictedV1(Guid Request, string System, string Outcome, string? Reason = null)
{
    public const string Type = "erasure.task-contradicted.v1";
}

/// <summary>A processor tells its controller of a request, and waits for an instruction (GDPR art. 28(3)).</summary>
/// <param name="Instructor">Whose instruction: a purpose of the policy, or a word of the tenant's own.</param>
public sealed record ErasureForwardedV1(Guid Request, string Instructor)
{
    public const string Type = "erasure.forwarded.v1";
}

/// <summary>A legal hold keeps a request from going on.</summary>
/// <param name="Told">Systems that had been told to erase and had not answered as the hold came; somebody may have to stop them. Absent where there are none.</param>
public sealed record ErasureHeldV1(Guid Request, IReadOnlyList<Guid> Holds, IReadOnlyList<string>? Told = null)
{
    public const string Type = "erasure.held.v1";
}

/// <summary>The last hold was lifted and the request goes on.</summary>
public sealed record ErasureResumedV1(Guid Request)
{
    public const string Type = "erasure.resumed.v1";
}

/// <summary>The person took a request back before anything was begun.</summary>
public sealed record ErasureWithdrawnV1(Guid Request)
{
    public const string Type = "erasure.withdrawn.v1";
}

/// <summary>The answer takes longer, and the person was told why (GDPR art. 12(3)).</summary>
/// <param name="Reason"><c>complexity</c> or <c>number-of-requests</c>.</param>
/// <param name="DueOn">The new last day.</param>
public sealed record ErasureExtendedV1(Guid Request, string Reason, DateOnly DueOn)
{
    public const string Type = "erasure.extended.v1";
}

/// <summary>The last day draws near and the request is open.</summary>
/// <param name="DaysLeft">How many days before its end this was due.</param>
public sealed record ErasureEscalatedV1(Guid Request, int DaysLeft, DateOnly DueOn)
{
    public const string Type = "erasure.escalated.v1";
}

/// <summary>The last day is over and the request is open.</summary>
/// <param name="WaitsFor">What it waits for, where that is not the work itself: <c>identity</c>, <c>instruction</c>, <c>cooling-off</c> or <c>legal-hold</c>.</param>
public sealed record ErasureOverdueV1(Guid Request, DateOnly DueOn, string? WaitsFor = null)
{
    public const string Type = "erasure.overdue.v1";
}

/// <summary>The last day of a controller's request draws near, and nobody has said yet whose it is.</summary>
/// <param name="Case">The controller's own id of it.</param>
/// <param name="DaysLeft">How many days before its end this was due.</param>
public sealed record DsrEscalatedV1(Guid Case, int DaysLeft, DateOnly DueOn)
{
    public const string Type = "opendsr.escalated.v1";
}

/// <summary>The last day of a controller's request is over, and nobody has said whose it is.</summary>
/// <param name="Case">The controller's own id of it.</param>
public sealed record DsrOverdueV1(Guid Case, DateOnly DueOn)
{
    public const string Type = "opendsr.overdue.v1";
}

/// <summary>Someone asked for another right than erasure.</summary>
/// <param name="Right"><c>access</c>, <c>portability</c>, <c>rectification</c> or <c>restriction</c>.</param>
public sealed record RightRequestedV1(Guid Request, string Right)
{
    public const string Type = "right.requested.v1";
}

/// <summary>Such a request has ended.</summary>
/// <param name="Right"><c>access</c>, <c>portability</c>, <c>rectification</c> or <c>restriction</c>.</param>
/// <param name="Outcome"><c>fully</c>, <c>partially</c> or <c>refused</c>.</param>
/// <param name="Reason">Why it was refused, in a word.</param>
/// <param name="Systems">What became of each system's part; absent where none was told.</param>
public sealed record RightCompletedV1(Guid Request, string Right, string Outcome, string? Reason = null, IReadOnlyList<SystemOutcomeV1>? Systems = null)
{
    public const string Type = "right.completed.v1";
}
