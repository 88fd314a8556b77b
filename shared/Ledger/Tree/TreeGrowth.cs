namespace ConsentLedger.Ledger;

/// <summary>What one append made of a tree.</summary>
/// <param name="Tiles">Every tile that the append made or widened, level by level, each once.</param>
public sealed record TreeGrowth(Frontier Before, Frontier After, IReadOnlyList<TilePart> Tiles)
{
    public Hash Root => After.Root;
}

/// <summary>
/// The hashes that an append adds to one tile. A tile only ever grows at its end, so a store appends <see cref="Hashes"/> to the <see cref="Offset"/> hashes it has,
/// and need not have read them.
/// </summary>
/// <param name="Level">0 holds leaves; each hash of level n + 1 is the root of a full tile of level n.</param>
/// <param name="Index">Counts the level's tiles from 0.</param>
/// <param name="Offset">How many hashes the tile had before; 0 for a new one.</param>
public readonly record struct TilePart(int Level, long Index, int Offset, ReadOnlyMemory<Hash> Hashes)
{
    /// <summary>In hashes, after the append.</summary>
    public int Width => Offset + Hashes.Length;

    /// <summary>Will never change again.</summary>
    public bool IsComplete => Width == TileId.FullWidth;

    public TileId Tile => new(Level, Index, Width);

    /// <summary>The added hashes as they are stored: 32 bytes each.</summary>
    public ReadOnlySpan<byte> Bytes => Hash.AsBytes(Hashes.Span);
}
