namespace ConsentLedger.Ledger;

/// <summary>Finds the nodes of a tree in its tiles. Reads each tile once, and believes them: what is proved from them is checked against a root.</summary>
/// <param name="size">Of the tree, in leaves: decides how wide its last tiles are.</param>
/// <param name="readTile">The bytes of a tile, which may also be asked for wider than that and cut.</param>
public sealed class TileNodes(long size, Func<TileId, ReadOnlyMemory<byte>> readTile)
{
    private readonly Dictionary<TileId, ReadOnlyMemory<byte>> _tiles = [];

    /// <summary>Fits <see cref="NodeReader"/>.</summary>
    /// <exception cref="InvalidDataException">A tile is shorter than the tree needs it.</exception>
    public Hash Read(int height, long index)
    {
        var (level, within) = Math.DivRem(height, TileId.Height);
        var first = index << within;
        var tile = first / TileId.FullWidth;
        var width = Math.Min(TileId.FullWidth, (size >> (TileId.Height * level)) - (tile * TileId.FullWidth));
        var hashes = HashesOf(new TileId(level, tile, (int)width));
        return HashTile.Root(hashes.Slice((int)(first % TileId.FullWidth), 1 << within));
    }

    /// <summary>The root of the whole tree.</summary>
    public Hash Root() => TreeNodes.Root(Read, 0, size);

    private ReadOnlySpan<Hash> HashesOf(TileId tile)
    {
        if (!_tiles.TryGetValue(tile, out var bytes)) _tiles.Add(tile, bytes = readTile(tile));
        return bytes.Length >= tile.Width * Hash.Length ? Hash.AsHashes(bytes.Span)[..tile.Width] : throw new InvalidDataException($"{tile} has {bytes.Length} bytes.");
    }
}
