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
    public static Hash Leaf(ReadOnlySpan<byte> entry) => Prefixed(LeafPrefix, entry);

    /// <summary>SHA-256(0x01 | left | right).</summary>
    public static Hash Node(in Hash left, in Hash right)
    {
        Span<byte> children = stackalloc byte[2 * Hash.Length];
        left.Bytes.CopyTo(children);
        right.Bytes.CopyTo(children[Hash.Length..]);
        return Prefixed(NodePrefix, children);
    }

    /// <summary>Each two neighbours make one node of the row above. <paramref name="parents"/> may be the front of <paramref name="children"/>.</summary>
    /// <param name="children">An even number.</param>
    /// <param name="parents">Half as many.</param>
    public static void Nodes(ReadOnlySpan<Hash> children, Span<Hash> parents)
    {
        var pairs = Hash.AsBytes(children);
        for (var i = 0; i < parents.Length;)
        {
            var some = parents.Slice(i, Math.Min(parents.Length - i, LaneSha256.Lanes));
            HashAll(NodePrefix, pairs[(2 * Hash.Length * i)..], 2 * Hash.Length, 2 * Hash.Length, some);
            i += some.Length;
        }
    }

    /// <summary>The leaves of entries of one length, one entry beginning every <paramref name="stride"/> bytes.</summary>
    internal static void Leaves(ReadOnlySpan<byte> entries, int length, int stride, Span<Hash> leaves) => HashAll(LeafPrefix, entries, length, stride, leaves);

    private static void HashAll(byte prefix, ReadOnlySpan<byte> messages, int length, int stride, Span<Hash> hashes)
    {
        if (hashes.Length >= LaneSha256.Worthwhile && length < LaneSha256.MaxLength && LaneSha256.IsSupported)
        {
            LaneSha256.Hash(prefix, messages, length, stride, hashes);
            return;
        }

        for (var i = 0; i < hashes.Length; i++) hashes[i] = Prefixed(prefix, messages.Slice(i * stride, length));
    }

    [SkipLocalsInit]
    private static Hash Prefixed(byte prefix, ReadOnlySpan<byte> message)
    {
        var rented = message.Length < OnStack ? null : ArrayPool<byte>.Shared.Rent(1 + message.Length);
        var input = rented ?? stackalloc byte[OnStack];
        input[0] = prefix;
        message.CopyTo(input[1..]);
        Unsafe.SkipInit(out Hash hash);
        SHA256.HashData(input[..(1 + message.Length)], hash);
        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        return hash;
    }
}
