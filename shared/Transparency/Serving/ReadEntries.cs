using System.Buffers;
using ConsentLedger.EventStore;
using ConsentLedger.Ledger;
using ConsentLedger.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ConsentLedger.Transparency;

/// <summary>One bundle of entries. They are commitments, but they say whose stream grew when: for the tenant's auditors.</summary>
internal static class ReadEntries
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/log/{tenant}/tile/entries/{**bundle}", HandleAsync).RequireScope(Scopes.LedgerAudit).Produces<byte[]>(contentType: "application/octet-stream").WithMetadata(LogProblems.CheckpointMissing, LogProblems.TileOutside, LogProblems.TilePathInvalid)
            .WithSummary("A bundle of up to 256 entries, each behind its length (C2SP tlog-tiles).");

    /// <summary>The bundle that a path names, if it is published and the caller's; otherwise why not.</summary>
    public static async Task<(TileId Bundle, Problem? Problem)> FindAsync(string tenant, string bundle, Caller caller, Checkpoints checkpoints, CancellationToken ct)
    {
        if (!TenantId.TryParse(tenant, out var log)) return (default, KnownProblems.NotFound);
        if (log != caller.Tenant) return (default, KnownProblems.TenantMismatch);
        if (!TileId.TryParse($"tile/entries/{bundle}", out var wanted, out _)) return (default, LogProblems.TilePathInvalid);
        return (wanted, await checkpoints.FindOutsideAsync(log, wanted, ct));
    }

    /// <summary>All entries of a published bundle.</summary>
    public static async Task<IReadOnlyList<StoredEntry>> ReadBundleAsync(this IEventEngine engine, TenantId tenant, TileId bundle, CancellationToken ct)
    {
        var entries = await engine.ReadEntriesAsync(tenant, bundle.Index * TileId.FullWidth, bundle.Width, ct);
        return entries.Count == bundle.Width ? entries : throw new InvalidDataException($"The store lacks a part of {bundle}, which was published.");
    }

    private static async Task<IResult> HandleAsync(string tenant, string bundle, Caller caller, Checkpoints checkpoints, IEventEngine engine, HttpResponse response, CancellationToken ct)
    {
        var (wanted, problem) = await FindAsync(tenant, bundle, caller, checkpoints, ct);
        if (problem is not null) return problem;

        var bytes = new ArrayBufferWriter<byte>(wanted.Width * 2 * Entry.MinLength);
        foreach (var entry in await engine.ReadBundleAsync(caller.Tenant, wanted, ct)) EntryBundle.Write(entry.Bytes, bytes);
        response.CacheForGood(wanted, "private");
        return TypedResults.Bytes(bytes.WrittenMemory);
    }
}
