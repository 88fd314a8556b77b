namespace ConsentLedger.Ledger;

/// <summary>Gathers, of the nodes that one append makes, those that tiles hold: every eighth row (C2SP tlog-tiles).</summary>
/// <param name="size">Of the tree before.</param>
internal sealed class NewHashes(long size, ReadOnlyMemory<Hash> leaves)
{
    private readonly List<Hash[]> _rows = [];
    private readonly List<int> _counts = [];

    public void Add(int height, ReadOnlySpan<Hash> row)
    {
        var (level, within) = Math.DivRem(height, TileId.Height);
        if (within != 0) return;
        if (_rows.Count < level)
        {
            // Exactly as many as the whole append adds at this level.
            _rows.Add(new Hash[((size + leaves.Length) >> height) - (size >> height)]);
            _counts.Add(0);
        }

        row.CopyTo(_rows[level - 1].AsSpan(_counts[level - 1]));
        _counts[level - 1] += row.Length;
    }

    public IReadOnlyList<TilePart> ToTileParts()
    {
        var parts = new List<TilePart>();
        Split(0, leaves);
        for (var level = 1; level <= _rows.Count; level++) Split(level, _rows[level - 1]);
        return parts;

        void Split(int level, ReadOnlyMemory<Hash> hashes)
        {
            var first = size >> (TileId.Height * level);
            while (!hashes.IsEmpty)
            {
                var (tile, offset) = Math.DivRem(first, TileId.FullWidth);
                var count = Math.Min(TileId.FullWidth - (int)offset, hashes.Length);
                parts.Add(new TilePart(level, tile, (int)offset, hashes[..count]));
                (first, hashes) = (first + count, hashes[count..]);
            }
        }
    }
}
