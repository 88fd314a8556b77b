namespace ConsentLedger.Ledger;

/// <summary>
/// Finds the nodes of a tree in its tiles. Reads and hashes each tile once, so many proofs from one cost little more than the first. Believes the tiles:
/// what is proved from them is checked against a root.
/// </summary>
/// <param name="size">Of the tree, in leaves: decides how wide its last tiles are.</param>
/// <param name="readTile">The bytes of a tile; those of a wider one, since grown, serve as well.</param>
public sealed class TileNodes(long size, Func<TileId, ReadOnlyMemory<byte>> readTile)
{
    private readonly Dictionary<TileId, Hash[][]> _tiles = [];

    /// <summary>Fits <see cref="NodeReader"/>.</summary>
    /// <exception cref="InvalidDataException">A tile is shorter than the tree needs it.</exception>
    public Hash Read(int height, long index)
    {
        var (level, row) = Math.DivRem(height, TileId.Height);
        var tile = index >> (TileId.Height - row);
        var width = Math.Min(TileId.FullWidth, (size >> (TileId.Height * level)) - (tile * TileId.FullWidth));
        return RowsOf(new TileId(level, tile, (int)width))[row][index - (tile << (TileId.Height - row))];
    }

    /// <summary>The root of the whole tree.</summary>
    public Hash Root() => TreeNodes.Root(Read, 0, size);

    private Hash[][] RowsOf(TileId tile)
    {
        if (_tiles.TryGetValue(tile, out var rows)) return rows;
        var bytes = readTile(tile);
        if (bytes.Length < tile.Width * Hash.Length) throw new InvalidDataException($"{tile} has {bytes.Length} bytes.");
        _tiles.Add(tile, rows = HashTile.Rows(Hash.AsHashes(bytes.Span)[..tile.Width]));
        return rows;
    }
}
