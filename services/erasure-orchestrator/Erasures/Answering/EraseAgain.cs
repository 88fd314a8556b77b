using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Answering;

/// <summary>
/// Our own systems are told once more to erase somebody whom they had erased: a ledger of theirs that was restored from before has forgotten that. What became of the request stands, and so
/// does its certificate.
/// </summary>
public sealed record EraseAgain
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/erasures/{id:guid}/again", HandleAsync).RequireScope(Scopes.ErasureDecide).RefusesWith("not_erased", "hold_in_force").Produces<Reading.ErasureAnswer>();

    public static Decision Decide(PersonRequest request, SubjectRequests subject)
    {
        var erased = request.Tasks.Where(t => t.Value.Outcome == TaskOutcome.Erased && OwnSystems.All.Contains(t.Key)).ToList();
        if (erased.Count == 0) return Decision.No("not_erased", "No system of ours has erased anything for this request.");

        // What is there again is protected as it was before it was erased.
        if (subject.Holds.Count > 0) return Decision.No("hold_in_force", "A legal hold protects the person. It has to be lifted before.");
        return new Decision.Record([.. erased.Select(t => new NewEvent(new ErasureTaskDispatched(request.Id, t.Key, t.Value.Attempts + 1)))]);
    }

    private static Task<IResult> HandleAsync(
        Guid id, Body<EraseAgain> body, Caller caller, CommandOptions options, ErasureLookup lookup, DeciderLoop ledger, StateReader reader, Running.Patience patience, CancellationToken ct) =>
        RequestActs.CarryOutAsync(id, (request, subject, _, _) => Decide(request, subject), body, caller, options, lookup, ledger, reader, patience, ct);
}
