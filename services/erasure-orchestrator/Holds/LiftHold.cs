using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Holds;

/// <summary>A hold is over, under every id that it covered. What waited for the last one goes on by itself.</summary>
public sealed record LiftHold
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/holds/{hold:guid}/lifting", HandleAsync).RequireScope(Scopes.ErasureHold).Produces<CommandAnswer>();

    public static Decision Decide(Guid hold, IReadOnlyDictionary<StreamKey, SubjectRequests> persons)
    {
        var covered = persons.Where(p => p.Value.Holds.ContainsKey(hold)).Select(p => new NewEvent(new HoldLifted(hold, HoldEnd.Lifted)) { Stream = p.Key }).ToList();
        return covered.Count == 0 ? Decision.Unchanged : new Decision.Record(covered);
    }

    private static async Task<IResult> HandleAsync(Guid hold, Body<LiftHold> body, Caller caller, CommandOptions options, ErasureLookup lookup, Aliases aliases, CancellationToken ct)
    {
        var covered = await lookup.ReadHeldAsync(caller.Tenant, hold, ct);
        if (covered.Count == 0) return KnownProblems.NotFound;
        return (await aliases.ExecuteAsync(covered, caller.IdOf(options), body.Digest, persons => Decide(hold, persons), ct)).ToResult();
    }
}
