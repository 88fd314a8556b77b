using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace ConsentLedger.Ledger;

/// <summary>That a tree begins with all of an older one, unchanged (RFC 6962, section 2.1.2; RFC 9162, section 2.1.4): at most 64 hashes.</summary>
public static class ConsistencyProof
{
    private static readonly LedgerFault
        Empty = new("consistency_from_nothing", "Every tree begins with the empty one, which proves nothing about it."),
        Shrunk = new("consistency_tree_shrunk", "The newer tree is smaller than the older one."),
        WrongLength = new("consistency_length_wrong", "A proof between trees of these sizes has another number of hashes."),
        WrongOldRoot = new("consistency_old_mismatch", "The proof does not lead to the older root."),
        WrongNewRoot = new("consistency_new_mismatch", "The proof does not lead to the newer root.");

    /// <param name="oldSize">In leaves, at least 1.</param>
    /// <param name="newSize">In leaves, at least <paramref name="oldSize"/>; equal sizes need no hash.</param>
    /// <param name="read">Gives the complete nodes of a tree at least as large as the newer one.</param>
    public static Hash[] Prove(long oldSize, long newSize, NodeReader read)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(oldSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(newSize, oldSize);
        if (oldSize == newSize) return [];

        // The last complete subtree of the older tree is where the two ways part. Where it is the whole older tree, its root is known to who asks.
        var height = BitOperations.TrailingZeroCount(oldSize);
        var index = (oldSize - 1) >> height;
        var path = new List<Hash>();
        if (!BitOperations.IsPow2(oldSize)) path.Add(read(height, index));
        TreeNodes.AddPath(read, height, index, newSize, path);
        return [.. path];
    }

    /// <summary>RFC 9162, section 2.1.4.2. Refuses an older tree without leaves: there is nothing to prove, and its root is to be compared with <see cref="TreeHash.EmptyRoot"/>.</summary>
    public static bool Verify(long oldSize, in Hash oldRoot, long newSize, in Hash newRoot, ReadOnlySpan<Hash> proof, [NotNullWhen(false)] out LedgerFault? fault)
    {
        fault = FindFault(oldSize, oldRoot, newSize, newRoot, proof);
        return fault is null;
    }

    private static LedgerFault? FindFault(long oldSize, in Hash oldRoot, long newSize, in Hash newRoot, ReadOnlySpan<Hash> proof)
    {
        if (oldSize < 1) return Empty;
        if (newSize < oldSize) return Shrunk;
        if (newSize == oldSize) return proof.Length != 0 ? WrongLength : oldRoot != newRoot ? WrongNewRoot : null;

        var height = BitOperations.TrailingZeroCount(oldSize);
        var index = (oldSize - 1) >> height;
        var shape = ProofShape.Of(oldSize - 1, newSize);
        var inner = shape.Inner - height;
        var named = BitOperations.IsPow2(oldSize) ? 0 : 1;
        if (proof.Length != named + inner + shape.Border) return WrongLength;

        var start = named == 0 ? oldRoot : proof[0];
        var inward = proof.Slice(named, inner);
        var border = proof[(named + inner)..];
        return ProofShape.AlongBorder(ProofShape.InwardFromLeft(start, inward, index), border) != oldRoot ? WrongOldRoot
            : ProofShape.AlongBorder(ProofShape.Inward(start, inward, index), border) != newRoot ? WrongNewRoot
            : null;
    }
}
