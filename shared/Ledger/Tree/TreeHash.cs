using System.Buffers;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace ConsentLedger.Ledger;

/// <summary>The hashes of a Merkle tree (RFC 6962, section 2.1). The first octet keeps leaves and nodes apart, so that no node can be passed off as an entry.</summary>
public static class TreeHash
{
    private const byte LeafPrefix = 0x00, NodePrefix = 0x01;
    private const int OnStack = 512;

    /// <summary>The root of the tree without leaves: SHA-256 of nothing.</summary>
    public static Hash EmptyRoot { get; } = Hash.Of(SHA256.HashData([]));

    /// <summary>SHA-256(0x00 | entry).</summary>
    [SkipLocalsInit]
    public static Hash Leaf(ReadOnlySpan<byte> entry)
    {
        if (entry.Length >= OnStack) return LongLeaf(entry);

        Span<byte> input = stackalloc byte[OnStack];
        input[0] = LeafPrefix;
        entry.CopyTo(input[1..]);
        Unsafe.SkipInit(out Hash leaf);
        SHA256.HashData(input[..(1 + entry.Length)], leaf);
        return leaf;
    }

    /// <summary>SHA-256(0x01 | left | right).</summary>
    [SkipLocalsInit]
    public static Hash Node(in Hash left, in Hash right)
    {
        Span<byte> input = stackalloc byte[1 + (2 * Hash.Length)];
        input[0] = NodePrefix;
        left.Bytes.CopyTo(input[1..]);
        right.Bytes.CopyTo(input[(1 + Hash.Length)..]);
        Unsafe.SkipInit(out Hash node);
        SHA256.HashData(input, node);
        return node;
    }

    /// <summary>Each two neighbours make one node of the row above. <paramref name="parents"/> may be the front of <paramref name="children"/>.</summary>
    /// <param name="children">An even number.</param>
    /// <param name="parents">Half as many.</param>
    public static void Nodes(ReadOnlySpan<Hash> children, Span<Hash> parents)
    {
        for (var i = 0; i < parents.Length; i++) parents[i] = Node(children[2 * i], children[(2 * i) + 1]);
    }

    private static Hash LongLeaf(ReadOnlySpan<byte> entry)
    {
        var input = ArrayPool<byte>.Shared.Rent(1 + entry.Length);
        try
        {
            input[0] = LeafPrefix;
            entry.CopyTo(input.AsSpan(1));
            return Hash.Of(SHA256.HashData(input.AsSpan(0, 1 + entry.Length)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(input);
        }
    }
}
