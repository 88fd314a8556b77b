using ConsentLedger.Auditor.Telling;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Reading;

/// <summary>Makes proofs from the tiles of a log: they are for everybody, so no proof has to be asked for.</summary>
internal static class RemoteTree
{
    /// <param name="prove">Proves with whatever reads the tree's nodes. Which it reads must not depend on what they are, as of inclusion and consistency.</param>
    public static async Task<Hash[]> ProveAsync(this LogFiles files, long size, Func<NodeReader, Hash[]> prove, CancellationToken ct)
    {
        // Once to see which tiles it takes, and once with them.
        var wanted = new Dictionary<TileId, ReadOnlyMemory<byte>>();
        prove(new TileNodes(size, tile =>
        {
            var nothing = new byte[tile.Width * Hash.Length];
            wanted.TryAdd(tile, nothing);
            return nothing;
        }).Read);
        foreach (var tile in wanted.Keys.ToList())
        {
            using var bytes = await files.ReadAsync(tile.ToString(), ct) ?? throw new UnansweredException("not_found", $"The log does not give out {tile}, which its checkpoint covers.");
            wanted[tile] = bytes.Span.ToArray();
        }

        try
        {
            return prove(new TileNodes(size, tile => wanted[tile]).Read);
        }
        catch (InvalidDataException e)
        {
            throw new UnansweredException("tile_length_wrong", e.Message, e);
        }
    }
}
