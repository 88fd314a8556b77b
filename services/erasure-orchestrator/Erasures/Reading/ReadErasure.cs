using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Reading;

/// <summary>How an erasure stands.</summary>
/// <param name="DueOn">The last day on which its end is still in time (GDPR art. 12(3)).</param>
public sealed record ErasureAnswer(
    Guid Id, ErasureState State, Guid Subject, ErasureReason? Reason, DateTimeOffset ReceivedAt, DateOnly DueOn, DateTimeOffset? CompletedAt, IReadOnlyList<TaskAnswer> Tasks)
{
    public static ErasureAnswer Of(Guid subject, ErasureRequest request) => new(
        request.Id, request.CompletedAt is null ? ErasureState.Running : ErasureState.Completed, subject, request.Reason, request.ReceivedAt, request.DueOn, request.CompletedAt,
        [.. request.Tasks.Select(t => new TaskAnswer(
            t.Key, t.Value.IsOpen ? TaskState.Dispatched : TaskState.Completed, t.Value.Attempts, t.Value.DispatchedAt, t.Value.CompletedAt, t.Value.Outcome))]);
}

/// <param name="Attempts">How often the system was told.</param>
/// <param name="DispatchedAt">When it was last told.</param>
public sealed record TaskAnswer(string System, TaskState State, int Attempts, DateTimeOffset DispatchedAt, DateTimeOffset? CompletedAt, TaskOutcome? Outcome);

public enum ErasureState
{
    Running,
    Completed,
}

public enum TaskState
{
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
        var (state, version) = await reader.ReadAsync(stream, SubjectErasure.Stream, ct);
        return TypedResults.Json(ErasureAnswer.Of(stream.Id.Value, state.Request!), StrictJson.Options).WithEntityTag(version);
    }
}
