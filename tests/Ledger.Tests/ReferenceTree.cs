using System.Security.Cryptography;

namespace ConsentLedger.Ledger.Tests;

/// <summary>RFC 6962, section 2.1, as it is written there: recursive, slow, and sharing nothing with what it is compared with but the container of a hash.</summary>
internal sealed class ReferenceTree(Hash[] leaves)
{
    private readonly Dictionary<(int, int), Hash> _roots = [];

    /// <summary>Leaf hashes that anybody can make again: SHA-256(0x00 | index).</summary>
    public static Hash[] Leaves(int count) => [.. Enumerable.Range(0, count).Select(i => Hash.Of(SHA256.HashData([0, .. BitConverter.GetBytes(i)])))];

    public Hash Root(int size) => Root(0, size);

    public Hash Root(int start, int end)
    {
        if (_roots.TryGetValue((start, end), out var known)) return known;
        var root = (end - start) switch
        {
            0 => Hash.Of(SHA256.HashData([])),
            1 => leaves[start],
            var n => Hash.Of(SHA256.HashData([1, .. Root(start, start + Split(n)).Bytes, .. Root(start + Split(n), end).Bytes])),
        };
        _roots.Add((start, end), root);
        return root;
    }

    /// <summary>PATH(m, D[n]), section 2.1.1.</summary>
    public IEnumerable<Hash> Path(int index, int start, int end)
    {
        var n = end - start;
        if (n == 1) return [];
        var k = Split(n);
        return index - start < k ? Path(index, start, start + k).Append(Root(start + k, end)) : Path(index, start + k, end).Append(Root(start, start + k));
    }

    /// <summary>SUBPROOF(m, D[n], b), section 2.1.2, with m as the end of the older part.</summary>
    public IEnumerable<Hash> SubProof(int m, int start, int end, bool known)
    {
        if (m == end) return known ? [] : [Root(start, end)];
        var k = Split(end - start);
        return m - start <= k
            ? SubProof(m, start, start + k, known).Append(Root(start + k, end))
            : SubProof(m, start + k, end, known: false).Append(Root(start, start + k));
    }

    public Hash Node(int height, long index) => Root((int)index << height, ((int)index + 1) << height);

    /// <summary>The largest power of two below n.</summary>
    private static int Split(int n)
    {
        var k = 1;
        while (2 * k < n) k *= 2;
        return k;
    }
}
