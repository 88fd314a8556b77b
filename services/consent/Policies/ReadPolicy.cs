using ConsentLedger.Consent.Consents.Reading;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Policies;

public static class ReadPolicy
{
    public static void Map(IEndpointRouteBuilder api) => api.MapGet("/v1/policies/{version}", HandleAsync).RequireScope(Scopes.PolicyRead, Scopes.PolicyPublish);

    /// <param name="version">A published version, or <c>current</c>.</param>
    private static async Task<IResult> HandleAsync(string version, Caller caller, ConsentReader reader, CancellationToken ct)
    {
        var (policies, _) = await reader.ReadEventsAsync(caller.Tenant, [], ct);
        var pack = version == "current" ? policies.Current : policies.Find(version)?.Pack;
        return pack is null ? KnownProblems.NotFound : TypedResults.Json(pack, PolicyPack.Json);
    }
}
