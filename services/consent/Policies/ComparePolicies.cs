using System.Text.Json;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Policies;

/// <summary>What a version changed since another.</summary>
/// <param name="Since">Null for the first version, before which there was none.</param>
public sealed record PolicyDifference(string Version, string? Since, IReadOnlyList<PolicyChange> Changes);

/// <param name="Place">By names: <c>purposes/newsletter/recipients/partners</c>.</param>
/// <param name="Path">A JSON Pointer into the version; for what was removed, to where it is missing.</param>
/// <param name="Material">The purposes whose older consents do not cover it; empty where they all do.</param>
public sealed record PolicyChange(string Place, string Path, ChangeKind Kind, JsonElement? Was, JsonElement? Is, IReadOnlyList<MaterialFor> Material);

/// <param name="Declared">Whether a version since then names the purpose in <c>changes.material</c>.</param>
public sealed record MaterialFor(string Purpose, MaterialRule Rule, string Source, bool Declared);

public static class ComparePolicies
{
    public static void Map(IEndpointRouteBuilder api) => api.MapGet("/v1/policies/{version}/diff", HandleAsync).RequireScope(Scopes.PolicyRead, Scopes.PolicyPublish);

    public static PolicyDifference Between(PolicyPack? older, PolicyPack newer, IReadOnlyList<PolicyPack> published)
    {
        if (older is null) return new(newer.Version, Since: null, []);
        var diff = PackDiff.Between(older, newer);
        var found = diff.Material.ToLookup(m => m.Change);
        return new(newer.Version, older.Version, [.. diff.Changes.Select(c => new PolicyChange(c.Place, c.Path, c.Kind, c.Was, c.Is,
            [.. found[c].Select(m => new MaterialFor(m.Purpose, m.Rule, m.Rule.Source(), published.IsMaterialSince(m.Purpose, older.Version)))]))]);
    }

    /// <param name="version">A published version, or <c>current</c>.</param>
    /// <param name="since">Another one; without it, the one published before.</param>
    private static async Task<IResult> HandleAsync(string version, string? since, Caller caller, StateReader reader, CancellationToken ct)
    {
        var (book, _) = await reader.ReadAsync(PolicyBook.Of(caller.Tenant), PolicyBook.Stream, ct);
        var newer = version == "current" ? book.Versions.Count - 1 : book.Versions.FindIndex(v => v.Pack.Version == version);
        var older = since is null ? newer - 1 : book.Versions.FindIndex(v => v.Pack.Version == since);
        if (newer < 0 || (since is not null && older < 0)) return KnownProblems.NotFound;
        return TypedResults.Json(Between(older < 0 ? null : book.Packs[older], book.Packs[newer], [.. book.Packs.Take(newer + 1)]), StrictJson.Options);
    }
}
