using System.Numerics;

namespace ConsentLedger.Ledger;

/// <summary>
/// How a proof for one leaf runs: first through <see cref="Inner"/> rows where the leaf and the tree's last leaf are under different nodes, each with a neighbour left or right;
/// then along the tree's right border, where there are only left neighbours, <see cref="Border"/> of them.
/// </summary>
internal readonly record struct ProofShape(int Inner, int Border)
{
    public static ProofShape Of(long index, long size)
    {
        var inner = 64 - BitOperations.LeadingZeroCount((ulong)(index ^ (size - 1)));
        return new ProofShape(inner, BitOperations.PopCount((ulong)index >> inner));
    }

    /// <summary>Bit k of <paramref name="index"/> says on which side the k-th neighbour is.</summary>
    public static Hash Inward(Hash node, ReadOnlySpan<Hash> neighbours, long index)
    {
        for (var k = 0; k < neighbours.Length; k++)
            node = ((index >> k) & 1) == 0 ? TreeHash.Node(node, neighbours[k]) : TreeHash.Node(neighbours[k], node);
        return node;
    }

    /// <summary>As <see cref="Inward"/>, but of the neighbours on the left only: what was there when the tree ended here.</summary>
    public static Hash InwardFromLeft(Hash node, ReadOnlySpan<Hash> neighbours, long index)
    {
        for (var k = 0; k < neighbours.Length; k++)
            if (((index >> k) & 1) == 1) node = TreeHash.Node(neighbours[k], node);
        return node;
    }

    public static Hash AlongBorder(Hash node, ReadOnlySpan<Hash> neighbours)
    {
        foreach (ref readonly var neighbour in neighbours) node = TreeHash.Node(neighbour, node);
        return node;
    }
}
