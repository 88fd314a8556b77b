using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace ConsentLedger.Ledger;

/// <summary>One tile of a tree, or one bundle of entries, and its place below a log's prefix (C2SP tlog-tiles).</summary>
/// <param name="Level">0 to 63, or <see cref="Entries"/>.</param>
/// <param name="Index">Counts the level's tiles from 0.</param>
/// <param name="Width">In hashes or entries: 256, or less while it is the last of its level.</param>
public readonly record struct TileId(int Level, long Index, int Width = TileId.FullWidth)
{
    /// <summary>In rows of the tree.</summary>
    public const int Height = 8;

    /// <summary>In hashes or entries.</summary>
    public const int FullWidth = 1 << Height;

    /// <summary>The level of bundles.</summary>
    public const int Entries = -1;

    private const int MaxLevel = 63;

    private static readonly LedgerFault BadPath = new("tile_path_invalid", "A tile is at tile/<level>/<index>, a narrower one at .p/<width> below that, each number in its one form.");

    public bool IsFull => Width == FullWidth;

    /// <summary>Whether a tree of <paramref name="size"/> leaves has it: full, or at least as wide.</summary>
    public bool IsWithin(long size)
    {
        var count = Level >= sizeof(long) ? 0 : size >> (Height * Math.Max(Level, 0));
        return Index <= count / FullWidth && Width <= count - (Index * FullWidth);
    }

    /// <summary>The hashes or bundles of a tree of <paramref name="size"/> leaves at one level; the last may be narrow. None where the level is empty.</summary>
    public static IEnumerable<TileId> OfLevel(int level, long size)
    {
        var count = size >> (Height * Math.Max(level, 0));
        for (var index = 0L; index < count / FullWidth; index++) yield return new TileId(level, index);
        if (count % FullWidth > 0) yield return new TileId(level, count / FullWidth, (int)(count % FullWidth));
    }

    /// <summary>Whether a tree of <paramref name="size"/> leaves has this tile or bundle, at this width.</summary>
    public bool IsOf(long size)
    {
        if (Level >= sizeof(long)) return false;
        var (full, rest) = Math.DivRem(size >> (Height * Math.Max(Level, 0)), FullWidth);
        return Index < full ? IsFull : Index == full && Width == rest;
    }

    /// <summary>Every tile of hashes of a tree of <paramref name="size"/> leaves, the lowest level first.</summary>
    public static IEnumerable<TileId> OfTree(long size)
    {
        for (var level = 0; level < sizeof(long) && size >> (Height * level) > 0; level++)
            foreach (var tile in OfLevel(level, size)) yield return tile;
    }

    /// <summary>Reads a path without its prefix, such as <c>tile/0/x001/x234/067.p/5</c>.</summary>
    public static bool TryParse(string path, out TileId tile, [NotNullWhen(false)] out LedgerFault? fault)
    {
        (tile, fault) = (default, BadPath);
        var parts = path.Split('/');
        var width = FullWidth;
        if (parts.Length >= 2 && parts[^2].EndsWith(".p", StringComparison.Ordinal))
        {
            if (!TryRead(parts[^1], out width)) return false;
            parts = [.. parts[..^2], parts[^2][..^2]];
        }

        if (parts.Length < 3 || !TryReadIndex(parts.AsSpan(2), out var index)) return false;
        if (!(parts[1] == "entries" ? TryRead("0", out var level) : TryRead(parts[1], out level))) return false;

        // Whatever else a path could have, such as another beginning or a zero too many, makes it another path.
        var read = new TileId(parts[1] == "entries" ? Entries : level, index, width);
        if (level > MaxLevel || width is < 1 or > FullWidth || read.ToString() != path) return false;
        (tile, fault) = (read, null);
        return true;
    }

    /// <summary>The path below the prefix: the index in groups of three digits, all but the last behind an x.</summary>
    public override string ToString()
    {
        var path = new StringBuilder("tile/").Append(Level == Entries ? "entries" : Level.ToString(CultureInfo.InvariantCulture));
        var digits = Index.ToString(CultureInfo.InvariantCulture);
        digits = digits.PadLeft((digits.Length + 2) / 3 * 3, '0');
        for (var at = 0; at < digits.Length; at += 3) path.Append(at + 3 < digits.Length ? "/x" : "/").Append(digits, at, 3);
        if (!IsFull) path.Append(".p/").Append(Width.ToString(CultureInfo.InvariantCulture));
        return path.ToString();
    }

    private static bool TryReadIndex(ReadOnlySpan<string> groups, out long index)
    {
        index = 0;
        if (groups.Length > 6) return false;
        foreach (var group in groups)
        {
            if (!TryRead(group.TrimStart('x'), out var digits) || digits > 999) return false;
            index = (index * 1000) + digits;
        }

        return true;
    }

    private static bool TryRead(string digits, out int number) => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
