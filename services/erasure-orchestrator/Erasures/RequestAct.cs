using ConsentLedger.ErasureOrchestrator.Erasures.Reading;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <summary>Something done to one request, by the body of an HTTP call.</summary>
public interface IRequestAct
{
    /// <summary>Pure. Whether there is such a request was seen before.</summary>
    Decision Decide(PersonRequest request, TenantRegister register, DateTimeOffset now);
}

/// <summary>How acts reach the stream that a request lies in.</summary>
public static class RequestActs
{
    /// <summary>POST /v1/erasures/{id}/{what}; answers how the request stands then.</summary>
    public static void MapRequestAct<TAct>(this IEndpointRouteBuilder api, string what, string scope, params string[] codes)
        where TAct : IRequestAct =>
        api.MapPost($"/v1/erasures/{{id:guid}}/{what}", HandleAsync<TAct>).RequireScope(scope).RefusesWith(codes).Produces<ErasureAnswer>();

    public static async Task<IResult> CarryOutAsync<TBody>(
        Guid id, Func<PersonRequest, SubjectRequests, TenantRegister, DateTimeOffset, Decision> decide, Body<TBody> body, Caller caller, CommandOptions options, ErasureLookup lookup, DeciderLoop ledger,
        StateReader reader, Patience patience, CancellationToken ct)
    {
        if (await lookup.FindAsync(caller.Tenant, id, ct) is not { } subject) return KnownProblems.NotFound;
        var command = subject.Commanding(patience, (state, register, now) => decide(state.Find(id)!, state, register, now)) with
        {
            Id = caller.IdOf(options),
            Body = body.Digest,
            ExpectedVersion = options.ExpectedVersion,
        };
        if (await ledger.ExecuteAsync(command, ct) is var outcome and not (Outcome.Recorded or Outcome.Unchanged)) return outcome.ToResult();
        var (state, version) = await reader.ReadAsync(subject, SubjectRequests.Stream, ct);
        return TypedResults.Json(ErasureAnswer.Of(subject.Id.Value, state.Find(id)!), StrictJson.Options).WithEntityTag(version);
    }

    /// <summary>The same for whoever is no HTTP call.</summary>
    /// <param name="command">Names the act, so that a retry is carried out once; null where the state tells a repeat.</param>
    public static async Task<Outcome> ExecuteAsync(this IRequestAct act, StreamKey subject, Guid request, Digest? command, DeciderLoop ledger, Patience patience, CancellationToken ct) =>
        await ledger.ExecuteAsync(
            subject.Commanding(patience, (state, register, now) => state.Find(request) is { } found ? act.Decide(found, register, now) : Decision.No("erasure_unknown", "No request of this person was received under this id.")) with
            {
                Id = command,
                Body = Digest.Of($"{request}", $"{act}"),
            },
            ct);

    private static Task<IResult> HandleAsync<TAct>(
        Guid id, Body<TAct> body, Caller caller, CommandOptions options, ErasureLookup lookup, DeciderLoop ledger, StateReader reader, Patience patience, CancellationToken ct)
        where TAct : IRequestAct =>
        CarryOutAsync(id, (request, _, register, now) => body.Value.Decide(request, register, now), body, caller, options, lookup, ledger, reader, patience, ct);
}
