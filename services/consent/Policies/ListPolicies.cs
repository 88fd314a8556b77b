using ConsentLedger.Contracts.Policies;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Policies;

/// <summary>The versions a controller has published, the newest last: that one is in force.</summary>
public sealed record PublishedPolicies(IReadOnlyList<PublishedPolicy> Policies);

/// <param name="Position">Of its event in the tenant's ledger.</param>
/// <param name="Digest">SHA-256 of what <c>/v1/policies/{version}</c> serves.</param>
/// <param name="Material">The purposes that the version changes in substance, by its own word: their older consents need renewal.</param>
public sealed record PublishedPolicy(
    string Version, DateOnly? Dated, DateTimeOffset PublishedAt, long Position, string Digest, IReadOnlyList<MaterialChange> Material, bool InForce);

public static class ListPolicies
{
    public static void Map(IEndpointRouteBuilder api) => api.MapGet("/v1/policies", HandleAsync).RequireScope(Scopes.PolicyRead, Scopes.PolicyPublish);

    private static async Task<IResult> HandleAsync(Caller caller, StateReader reader, CancellationToken ct)
    {
        var events = await reader.ReadEventsAsync(PolicyBook.Of(caller.Tenant), ct);
        var policies = events.Select(e => (((PolicyPublished)reader.Facts(e)).Pack, e.Place)).Select(p => new PublishedPolicy(
            p.Pack.Version, p.Pack.Dated, p.Place.RecordedAt, p.Place.Position, PolicyPublished.HashOf(p.Pack), p.Pack.Changes.Material, p.Place.Version == events[^1].Place.Version));
        return TypedResults.Json(new PublishedPolicies([.. policies]), StrictJson.Options).WithEntityTag(events.Count == 0 ? 0 : events[^1].Place.Version);
    }
}
