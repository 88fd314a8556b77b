using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

/// <summary>The cases in which a person has to look, and what there is to look by.</summary>
public static class DsrUnmatchedCases
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/v1/opendsr", ListAsync).RequireScope(Scopes.ErasureRead).Produces<IReadOnlyList<UnmatchedCase>>();
        api.MapGet("/v1/opendsr/{id:guid}/identities", OpenAsync).RequireScope(Scopes.SubjectFind).Produces<CaseIdentities>();
    }

    /// <param name="Overdue">The controller's month is over.</param>
    public sealed record UnmatchedCase(Guid Id, DsrType Type, Unmatched Reason, DateTimeOffset ReceivedAt, DateTimeOffset ExpectedBy, bool Overdue);

    /// <summary>Personal: for the one who looks, and kept nowhere.</summary>
    public sealed record CaseIdentities(IReadOnlyList<CaseIdentity> Identities);

    public sealed record CaseIdentity(string Type, DsrFormat Format, string Value)
    {
        public override string ToString() => Type;
    }

    public static async Task<IReadOnlyList<UnmatchedCase>> ReadAsync(TenantId tenant, DsrLookup lookup, StateReader reader, CancellationToken ct) =>
        [.. (await ReadWaitingAsync(tenant, lookup, reader, ct)).Where(c => c.Unmatched is not null)
            .Select(c => new UnmatchedCase(c.Received!.Id, c.Received.Type, c.Unmatched!.Value, c.ReceivedAt, c.Received.ExpectedBy, c.Overdue))];

    /// <summary>Those of which nobody has said whose they are, with those that were not looked at yet; what is due first at the head.</summary>
    public static async Task<IReadOnlyList<DsrCase>> ReadWaitingAsync(TenantId tenant, DsrLookup lookup, StateReader reader, CancellationToken ct)
    {
        var waiting = new List<DsrCase>();
        for (var page = await lookup.ReadAsync(forgotten: false, after: (tenant, Guid.Empty), ct); page.Count > 0; page = await lookup.ReadAsync(forgotten: false, page[^1], ct))
        {
            var mine = page.Where(c => c.Tenant == tenant).Select(c => DsrCase.KeyOf(tenant, c.Id)).ToList();
            if (mine.Count == 0) break;
            waiting.AddRange((await reader.ReadAsync(mine, DsrCase.Stream, ct)).Values.Where(c => c.AwaitsMatch));
        }

        return [.. waiting.OrderBy(c => c.LapsesAt)];
    }

    private static async Task<IResult> ListAsync(Caller caller, DsrLookup lookup, StateReader reader, CancellationToken ct) =>
        TypedResults.Json(await ReadAsync(caller.Tenant, lookup, reader, ct), StrictJson.Options);

    private static async Task<IResult> OpenAsync(Guid id, Caller caller, DsrVault vault, StateReader reader, CancellationToken ct)
    {
        var place = DsrCase.KeyOf(caller.Tenant, id);
        var (state, _) = await reader.ReadAsync(place, DsrCase.Stream, ct);
        if (state.Received is null || state.Forgotten || await vault.OpenAsync(place, ct) is not { } opened) return KnownProblems.NotFound;
        return TypedResults.Json(new CaseIdentities([.. opened.Identities.Select(i => new CaseIdentity(i.Type, i.Format, i.Value))]), StrictJson.Options);
    }
}
