using System.Diagnostics.CodeAnalysis;

namespace ConsentLedger.Ledger;

/// <summary>The bytes of a tile of hashes (C2SP tlog-tiles): its hashes one after another, the lowest row of a subtree eight rows high.</summary>
public static class HashTile
{
    private static readonly LedgerFault WrongLength = new("tile_length_wrong", $"A tile has {Hash.Length} bytes for each hash of its width.");

    /// <summary>The tile's hashes, without copying.</summary>
    public static bool TryRead(TileId tile, ReadOnlySpan<byte> bytes, out ReadOnlySpan<Hash> hashes, [NotNullWhen(false)] out LedgerFault? fault)
    {
        fault = bytes.Length == tile.Width * Hash.Length ? null : WrongLength;
        hashes = fault is null ? Hash.AsHashes(bytes) : default;
        return fault is null;
    }

    /// <summary>All complete nodes of the subtree, row by row; the first row is the tile's own.</summary>
    internal static Hash[][] Rows(ReadOnlySpan<Hash> hashes)
    {
        var rows = new List<Hash[]> { hashes.ToArray() };
        while (rows[^1].Length > 1)
        {
            var above = new Hash[rows[^1].Length / 2];
            TreeHash.Nodes(rows[^1].AsSpan(0, 2 * above.Length), above);
            rows.Add(above);
        }

        return [.. rows];
    }
}
