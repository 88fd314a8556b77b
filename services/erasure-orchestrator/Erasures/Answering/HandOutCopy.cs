using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Answering;

/// <summary>The copy that the person asked for, handed out once; with that the consent service's part is done. It is read afresh as it is handed out, and kept nowhere.</summary>
public static class HandOutCopy
{
    public static Problem CopyUnavailable { get; } = new(StatusCodes.Status503ServiceUnavailable, "copy_unavailable", "The consent service cannot be asked for the copy. Nothing was handed out.") { RetryAfterSeconds = 5 };

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/erasures/{id:guid}/copy", HandleAsync).RequireScope(Scopes.ErasureDecide).RefusesWith("copy_not_ready", "copy_handed_out").Produces<object>().WithMetadata(CopyUnavailable);

    public static Decision Decide(PersonRequest request) => request switch
    {
        { Type: not (RequestType.Access or RequestType.Portability) } or { WithdrawnAt: not null } or { Outcome: RequestOutcome.Refused } => NotReady,
        { CopyHandedOut: true } => Decision.No("copy_handed_out", "The copy was handed out. Another request makes another one."),

        // Somebody said by hand that it was provided, or it was completed when a copy could still be read after that.
        { CompletedAt: not null } => Decision.Of(new ErasureCopyHandedOut(request.Id)),
        _ when request.Tasks.TryGetValue(OwnSystems.Consent, out var part) && part is { IsOpen: true, Stage: not TaskStage.Planned } =>
            Decision.Of(new ErasureCopyHandedOut(request.Id), new ErasureTaskCompleted(request.Id, OwnSystems.Consent, TaskOutcome.Provided, Type: request.Type)),
        _ => NotReady,
    };

    private static Decision NotReady => Decision.No("copy_not_ready", "The request is not for a copy, was not followed, or waits.");

    private static async Task<IResult> HandleAsync(Guid id, Caller caller, ErasureLookup lookup, StateReader reader, DeciderLoop ledger, OwnCalls own, Patience patience, CancellationToken ct)
    {
        if (await lookup.FindAsync(caller.Tenant, id, ct) is not { } subject) return KnownProblems.NotFound;
        var (state, _) = await reader.ReadAsync(subject, SubjectRequests.Stream, ct);
        var request = state.Find(id)!;
        if (Decide(request) is Decision.Refuse { Refusal: var refusal }) return KnownProblems.Refused(refusal.Code, refusal.Reason);

        // Read first: what cannot be read is not said to be handed out. Of two who read at once one hands it out.
        if (await own.ReadCopyAsync(caller.Tenant, id, subject.Id.Value, request.Type == RequestType.Portability, ct) is not { } copy) return CopyUnavailable;
        var outcome = await ledger.ExecuteAsync(subject.Commanding(patience, (current, _, _) => Decide(current.Find(id)!)), ct);
        return outcome is Outcome.Recorded ? TypedResults.Bytes(copy.Bytes, copy.ContentType) : outcome.ToResult();
    }
}
