using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace ConsentLedger.Ledger;

/// <summary>
/// All that a tree has to remember to grow: its size and the roots of the complete subtrees it is made of, one for each bit of the size, the largest first.
/// Never changes; growing gives another.
/// </summary>
public sealed class Frontier
{
    /// <summary>How many leaves are hashed at a time: few enough for the working row to stay in the cache.</summary>
    private const int ChunkLength = 4096;

    private const int MaxHeight = 63;

    private static readonly LedgerFault Malformed = new("frontier_malformed", "A frontier is its size in 8 bytes and one hash for each bit of it.");

    // By height: [h] is the root of the subtree of 2^h leaves, where bit h of the size is set, and nothing elsewhere.
    private readonly Hash[] _roots;

    private Frontier(long size, Hash[] roots)
    {
        (Size, _roots) = (size, roots);
        Root = FindRoot();
    }

    public static Frontier Empty { get; } = new(0, new Hash[MaxHeight]);

    /// <summary>In leaves.</summary>
    public long Size { get; }

    /// <summary>The tree's root hash (RFC 6962, section 2.1).</summary>
    public Hash Root { get; }

    /// <summary>Reads what <see cref="ToBytes"/> wrote. That it is the frontier of a certain tree is for the caller to see by its root.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Frontier? frontier, [NotNullWhen(false)] out LedgerFault? fault)
    {
        (frontier, fault) = (null, Malformed);
        if (bytes.Length < sizeof(long)) return false;
        var size = BinaryPrimitives.ReadInt64BigEndian(bytes);
        var hashes = Hash.AsHashes(bytes[sizeof(long)..]);
        if (size < 0 || bytes.Length != sizeof(long) + (Hash.Length * BitOperations.PopCount((ulong)size))) return false;

        var roots = new Hash[MaxHeight];
        var next = 0;
        for (var height = MaxHeight - 1; height >= 0; height--)
            if (IsSet(size, height)) roots[height] = hashes[next++];
        (frontier, fault) = (new Frontier(size, roots), null);
        return true;
    }

    /// <summary>The frontier of a tree's first <paramref name="size"/> leaves.</summary>
    /// <param name="read">Gives the complete nodes of a tree at least that large.</param>
    public static Frontier Read(long size, NodeReader read)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        var roots = new Hash[MaxHeight];
        var start = 0L;
        for (var height = MaxHeight - 1; height >= 0; height--)
        {
            if (!IsSet(size, height)) continue;
            roots[height] = read(height, start >> height);
            start += 1L << height;
        }

        return new Frontier(size, roots);
    }

    /// <summary><c>size u64 | hash 32 | hash 32 ...</c>, big-endian, the largest subtree first: at most 2,024 bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[sizeof(long) + (Hash.Length * BitOperations.PopCount((ulong)Size))];
        BinaryPrimitives.WriteInt64BigEndian(bytes, Size);
        var at = sizeof(long);
        for (var height = MaxHeight - 1; height >= 0; height--)
        {
            if (!IsSet(Size, height)) continue;
            _roots[height].Bytes.CopyTo(bytes.AsSpan(at));
            at += Hash.Length;
        }

        return bytes;
    }

    /// <summary>
    /// The tree with these leaves after its own, and what that adds to which tiles. Hashes each new node once, row by row.
    /// </summary>
    /// <param name="leaves">Leaf hashes, in order. The growth's lowest tiles are slices of this memory.</param>
    public TreeGrowth Append(ReadOnlyMemory<Hash> leaves)
    {
        var size = checked(Size + leaves.Length);
        var roots = (Hash[])_roots.Clone();
        var rows = new NewHashes(Size, leaves);
        var work = ArrayPool<Hash>.Shared.Rent(1 + Math.Min(leaves.Length, ChunkLength));
        for (var done = 0; done < leaves.Length; done += ChunkLength)
            AppendChunk(roots, Size + done, leaves.Span.Slice(done, Math.Min(ChunkLength, leaves.Length - done)), work, rows);
        ArrayPool<Hash>.Shared.Return(work);
        return new TreeGrowth(this, new Frontier(size, roots), rows.ToTileParts());
    }

    /// <summary>
    /// One row after another, from the leaves up. The working row begins at 1; at 0 there is room for the left neighbour that an earlier append left over.
    /// </summary>
    private static void AppendChunk(Span<Hash> roots, long size, ReadOnlySpan<Hash> leaves, Span<Hash> work, NewHashes rows)
    {
        leaves.CopyTo(work[1..]);
        var count = leaves.Length;
        for (var height = 0; count > 0; height++)
        {
            if (height > 0) rows.Add(height, work.Slice(1, count));
            var row = work.Slice(1, count);
            if (IsSet(size, height))
            {
                work[0] = roots[height];
                row = work[..(count + 1)];
            }

            // Without a right neighbour the last one waits for a later append.
            if (row.Length % 2 == 1) roots[height] = row[^1];
            count = row.Length / 2;
            TreeHash.Nodes(row[..(2 * count)], work.Slice(1, count));
        }
    }

    private static bool IsSet(long size, int height) => ((size >> height) & 1) == 1;

    private Hash FindRoot()
    {
        if (Size == 0) return TreeHash.EmptyRoot;
        var root = _roots[BitOperations.TrailingZeroCount(Size)];
        for (var height = BitOperations.TrailingZeroCount(Size) + 1; height < MaxHeight; height++)
            if (IsSet(Size, height)) root = TreeHash.Node(_roots[height], root);
        return root;
    }
}
