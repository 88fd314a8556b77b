using System.Numerics;

namespace ConsentLedger.Ledger;

/// <summary>Reads a node whose subtree is complete.</summary>
/// <param name="height">0 for a leaf.</param>
/// <param name="index">Counts the row's nodes from 0: the node is over the leaves from <c>index * 2^height</c> up to <c>(index + 1) * 2^height</c>.</param>
public delegate Hash NodeReader(int height, long index);

/// <summary>Puts together what no single node is: the roots of subtrees that end where the tree ends.</summary>
internal static class TreeNodes
{
    /// <summary>The root over the leaves from <paramref name="start"/> up to <paramref name="end"/>, where start begins a subtree that would hold them all if complete.</summary>
    public static Hash Root(NodeReader read, long start, long end)
    {
        if (start == end) return TreeHash.EmptyRoot;

        // From the last complete subtree to the first: the shorter ones stand to the right.
        var height = BitOperations.TrailingZeroCount(end - start);
        var at = end - (1L << height);
        var root = read(height, at >> height);
        while (at > start)
        {
            height = BitOperations.TrailingZeroCount(at - start);
            at -= 1L << height;
            root = TreeHash.Node(read(height, at >> height), root);
        }

        return root;
    }

    /// <summary>Appends the neighbours along the way up from a node to the root of the tree of <paramref name="size"/> leaves, the lowest first.</summary>
    public static void AddPath(NodeReader read, int height, long index, long size, List<Hash> path)
    {
        var last = (size - 1) >> height;
        for (; last > 0; height++, index >>= 1, last >>= 1)
        {
            var neighbour = index ^ 1;
            if (neighbour < last) path.Add(read(height, neighbour));
            else if (neighbour == last) path.Add(Root(read, neighbour << height, size));
        }
    }
}
