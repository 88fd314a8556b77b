using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Identities;

/// <summary>By what others know the person of a request that runs: for whoever has to tell them by hand. Gone with the request.</summary>
public static class ReadIdentities
{
    public static void Map(IEndpointRouteBuilder api) => api.MapGet("/v1/erasures/{id:guid}/identities", HandleAsync).RequireScope(Scopes.SubjectFind).Produces<RequestIdentities>();

    /// <summary>Personal: for the one who tells, and kept nowhere.</summary>
    public sealed record RequestIdentities(Guid Subject, IReadOnlyList<SubjectIdentity> Identities)
    {
        public override string ToString() => $"{Identities.Count} identities";
    }

    private static async Task<IResult> HandleAsync(Guid id, Caller caller, ErasureLookup lookup, StateReader reader, IdentityVault vault, CancellationToken ct)
    {
        if (await lookup.FindAsync(caller.Tenant, id, ct) is not { } subject) return KnownProblems.NotFound;
        var (state, _) = await reader.ReadAsync(subject, SubjectRequests.Stream, ct);
        var known = state.Find(id) is { HasIdentities: true } ? await vault.OpenAsync(caller.Tenant, id, ct) : null;
        return TypedResults.Json(new RequestIdentities(subject.Id.Value, known?.Identities ?? []), StrictJson.Options);
    }
}
