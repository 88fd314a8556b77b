using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Reading;

/// <summary>How a request stands.</summary>
/// <param name="DueOn">The last day on which its end is still in time (GDPR art. 12(3)).</param>
/// <param name="WaitsFor">What keeps it from going on.</param>
/// <param name="Kept">What stays, and why.</param>
/// <param name="Outcome">Fully, partially or refused, once it is completed.</param>
public sealed record ErasureAnswer(
    Guid Id,
    RequestState State,
    Guid Subject,
    ErasureReason? Reason,
    DateTimeOffset ReceivedAt,
    DateOnly DueOn,
    DateTimeOffset? CompletedAt,
    IReadOnlyList<TaskAnswer> Tasks,
    RequestType Type,
    WaitsFor? WaitsFor,
    RequestOutcome? Outcome,
    string? RefusedFor,
    bool Overdue,
    ExtensionAnswer? Extension,
    DateTimeOffset? CoolsOffAt,
    DateTimeOffset? WithdrawnAt,
    IReadOnlyList<Keeping>? Kept)
{
    /// <summary>The request under another id of the person that this one goes with.</summary>
    public Guid? With { get; init; }

    /// <summary>The SHA-256 of what the certificate states, in hex; there from a moment after the end.</summary>
    public string? Certificate { get; init; }

    /// <summary>Each copy that went out.</summary>
    public IReadOnlyList<HandedCopy>? Copies { get; init; }

    /// <summary>What became of identities that came with an asking which another request answers.</summary>
    public IdentitiesAnswer? Identities { get; init; }

    public static ErasureAnswer Of(Guid subject, PersonRequest request) => new(
        request.Id,
        request.State,
        subject,
        request.Reason,
        request.ReceivedAt,
        request.Deadline.DueOn,
        request.CompletedAt,
        [.. request.Tasks.Select(t => TaskAnswer.Of(t.Key, t.Value))],
        request.Type,
        request.WaitsFor,
        request.Outcome,
        request.RefusedFor,
        request.Overdue,
        request.Extension is { } e ? new ExtensionAnswer(e.Reason, e.NoticeSentAt, e.NoticeMethod) : null,
        request.CoolsOffAt,
        request.WithdrawnAt,
        request.Plan?.Kept)
    { With = request.With, Certificate = request.Certificate, Copies = request.Copies.IsEmpty ? null : request.Copies };
}

/// <param name="Kept">They are sealed with the request, for whoever is told from now on.</param>
/// <param name="ToldWithout">Processors that were told before they came: somebody has to see to those.</param>
public sealed record IdentitiesAnswer(bool Kept, IReadOnlyList<string> ToldWithout);

public sealed record ExtensionAnswer(ExtensionReason Reason, DateTimeOffset NoticeSentAt, string NoticeMethod);

/// <param name="Attempts">How often the system was told.</param>
/// <param name="DispatchedAt">When it was last told.</param>
/// <param name="Failure">Why it was not reached the last time.</param>
/// <param name="NextAt">When it is told again, or asked.</param>
/// <param name="Later">What it said after it had answered.</param>
public sealed record TaskAnswer(
    string System, TaskState State, int Attempts, DateTimeOffset? DispatchedAt, DateTimeOffset? CompletedAt, TaskOutcome? Outcome, ProcessorKind Kind, string? Assignee, string? Reason, string? Failure,
    DateTimeOffset? NextAt, IReadOnlyList<Contradiction>? Later)
{
    /// <summary>It said where its data lies; the copy has it.</summary>
    public bool? HasResults { get; init; }

    public static TaskAnswer Of(string system, RequestTask task) => new(
        system, task.Outcome is not null ? TaskState.Completed : task.Stage == TaskStage.Planned ? TaskState.Planned : TaskState.Dispatched, task.Attempts, task.DispatchedAt, task.CompletedAt,
        task.Outcome, task.Kind, task.Assignee, task.Reason, task.Failure, task.NextAt, task.Contradictions.IsEmpty ? null : task.Contradictions)
    {
        HasResults = task.HasResults ? true : null,
    };
}

public enum TaskState
{
    Planned,
    Dispatched,
    Completed,
}

public static class ReadErasure
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/v1/erasures/{id:guid}", HandleAsync).RequireScope(Scopes.ErasureRead).Produces<ErasureAnswer>();

    private static async Task<IResult> HandleAsync(Guid id, Caller caller, ErasureLookup lookup, StateReader reader, CancellationToken ct)
    {
        if (await lookup.FindAsync(caller.Tenant, id, ct) is not { } stream) return KnownProblems.NotFound;
        var (state, version) = await reader.ReadAsync(stream, SubjectRequests.Stream, ct);
        return TypedResults.Json(ErasureAnswer.Of(stream.Id.Value, state.Find(id)!), StrictJson.Options).WithEntityTag(version);
    }
}
