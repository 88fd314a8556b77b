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

    /// <summary>The root over a run of hashes.</summary>
    /// <param name="hashes">A power of two of them, at most 256.</param>
    public static Hash Root(ReadOnlySpan<Hash> hashes)
    {
        if (hashes.Length == 1) return hashes[0];
        Span<Hash> row = stackalloc Hash[TileId.FullWidth / 2];
        row = row[..(hashes.Length / 2)];
        TreeHash.Nodes(hashes, row);
        while (row.Length > 1)
        {
            var above = row[..(row.Length / 2)];
            TreeHash.Nodes(row, above);
            row = above;
        }

        return row[0];
    }
}
