using ConsentLedger.ErasureOrchestrator.Register;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Running;

/// <summary>Tells a processor its part of a request. The same request and system come again, with a higher attempt, until there is an answer; a processor does it once.</summary>
/// <param name="Attempt">From 1. The same attempt may come twice, after a crash.</param>
/// <param name="Identities">Personal. Never logged, stored or traced by whoever sends it.</param>
/// <param name="Reference">What the processor called it when it accepted an earlier attempt: then this one asks how it stands.</param>
/// <param name="ReceivedAt">When the person's request came.</param>
/// <param name="DueOn">The last day on which the request is answered in time.</param>
/// <param name="IsFurtherId">The request goes with one that the person made under another id, and whoever knows the person otherwise than by this one is told there.</param>
public sealed record TaskCall(
    TenantId Tenant,
    Guid Request,
    RequestType Type,
    Processor Processor,
    int Attempt,
    SubjectIdentities Identities,
    string? Reference = null,
    DateTimeOffset ReceivedAt = default,
    DateOnly DueOn = default,
    bool IsFurtherId = false);

/// <summary>Sends a call. Every failure is an answer: it throws for nothing but cancellation.</summary>
public delegate Task<TaskReply> CallProcessor(TaskCall call, CancellationToken ct);

/// <summary>Whom a request is about, as others know the person.</summary>
/// <param name="Subject">The subject's id here.</param>
public sealed record SubjectIdentities(Guid Subject, IReadOnlyList<SubjectIdentity> All)
{
    /// <summary>The count alone: nothing of a person slips into a log with a record's own text.</summary>
    public override string ToString() => $"{All.Count} identities";
}

/// <param name="Type">As OpenDSR has it: <c>email</c>, <c>controller_customer_id</c>, <c>android_id</c> ...</param>
/// <param name="Value">Personal.</param>
/// <param name="Format"><c>raw</c>, <c>sha1</c>, <c>md5</c> or <c>sha256</c>.</param>
public sealed record SubjectIdentity(string Type, string Value, string Format = "raw")
{
    public override string ToString() => Type;
}

/// <summary>What a processor answers, at once or later by a callback.</summary>
public abstract record TaskReply
{
    private TaskReply() { }

    /// <summary>It has begun, or will.</summary>
    /// <param name="Reference">What it calls the task.</param>
    /// <param name="ExpectedBy">When it wants to be done; then it is asked.</param>
    public sealed record Accepted(string? Reference, DateTimeOffset? ExpectedBy) : TaskReply;

    /// <param name="Reason">Why something is kept, in a word such as <c>legal-obligation</c>.</param>
    /// <param name="Results">Where the data lies that a copy was asked of.</param>
    public sealed record Done(TaskOutcome Outcome, string? Reason, SystemResults? Results = null) : TaskReply;

    /// <summary>The consent service's answer: by what others know the person. None where it knows nothing.</summary>
    public sealed record Identified(IReadOnlyList<SubjectIdentity> Identities) : TaskReply
    {
        public override string ToString() => $"{Identities.Count} identities";
    }

    /// <summary>Nothing is known here that it could know the person by. It was not told; somebody has to see to it.</summary>
    /// <param name="Code">Why not, in a word.</param>
    public sealed record NotTold(string Code) : TaskReply;

    /// <summary>It will not, however often it is told.</summary>
    /// <param name="Code">Why, in a word.</param>
    public sealed record Refused(string Code) : TaskReply;

    /// <summary>No answer, or none to rely on. It is told again.</summary>
    /// <param name="Code">What went wrong, in a word: <c>timeout</c>, <c>status-503</c>, <c>signature-invalid</c>.</param>
    /// <param name="RetryAfter">How long it asked to be left alone.</param>
    public sealed record Unreachable(string Code, TimeSpan? RetryAfter) : TaskReply;
}

/// <summary>Where a system has put what was asked of it.</summary>
/// <param name="Url">Whoever has it may have the data, too: it is sealed, and handed out with the person's copy.</param>
/// <param name="Count">How many things lie there, where it says so.</param>
public sealed record SystemResults(Uri Url, int? Count)
{
    private const int LongestUrl = 2048;

    public override string ToString() => "results";

    /// <summary>Null for what nobody should open.</summary>
    public static SystemResults? Of(string url, int? count) =>
        url.Length <= LongestUrl && count is null or >= 0 && Uri.TryCreate(url, UriKind.Absolute, out var read) && read.UserInfo.Length == 0
        && (read.Scheme == Uri.UriSchemeHttps || (read.Scheme == Uri.UriSchemeHttp && read.IsLoopback)) ? new SystemResults(read, count) : null;
}
