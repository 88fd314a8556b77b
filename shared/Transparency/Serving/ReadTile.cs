using ConsentLedger.EventStore;
using ConsentLedger.Ledger;
using ConsentLedger.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ConsentLedger.Transparency;

/// <summary>One tile of hashes, of what is published and of nothing beyond. For everybody: from a hash nobody learns what was hashed.</summary>
internal static class ReadTile
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/log/{tenant}/tile/{level}/{**tile}", HandleAsync).ForEverybody().Produces<byte[]>(contentType: "application/octet-stream").WithMetadata(LogProblems.CheckpointMissing, LogProblems.TileOutside, LogProblems.TilePathInvalid)
            .WithSummary("A tile of hashes (C2SP tlog-tiles), full or of any width that the newest checkpoint has.");

    private static async Task<IResult> HandleAsync(string tenant, string level, string tile, Checkpoints checkpoints, LogTree tree, HttpResponse response, CancellationToken ct)
    {
        if (!TenantId.TryParse(tenant, out var log)) return KnownProblems.NotFound;
        if (!TileId.TryParse($"tile/{level}/{tile}", out var wanted, out _)) return LogProblems.TilePathInvalid;
        if (await checkpoints.FindOutsideAsync(log, wanted, ct) is { } outside) return outside;

        var bytes = await tree.FindTileAsync(log, wanted, ct) ?? throw new InvalidDataException($"The store lacks {wanted}, which was published.");
        response.CacheForGood(wanted, "public");
        return TypedResults.Bytes(bytes);
    }
}

internal static class PublishedTiles
{
    /// <summary>Why a tile or bundle is not published; null where it is.</summary>
    public static async Task<Problem?> FindOutsideAsync(this Checkpoints checkpoints, TenantId tenant, TileId tile, CancellationToken ct) =>
        await checkpoints.FindAsync(tenant, ct) is not { } newest ? LogProblems.CheckpointMissing
        : tile.IsWithin(newest.Head.Size) ? null
        : LogProblems.TileOutside;

    /// <summary>What a full tile holds, it holds for ever. A narrower one does too, but is soon nobody's concern.</summary>
    /// <param name="who"><c>public</c>, or <c>private</c> for what took a token.</param>
    public static void CacheForGood(this HttpResponse response, TileId tile, string who) =>
        response.Headers.CacheControl = tile.IsFull ? $"{who}, max-age=31536000, immutable" : $"{who}, max-age=300";
}
