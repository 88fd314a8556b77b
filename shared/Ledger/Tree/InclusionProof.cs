using System.Diagnostics.CodeAnalysis;

namespace ConsentLedger.Ledger;

/// <summary>That a certain leaf stands at a certain place of a tree (RFC 6962, section 2.1.1; RFC 9162, section 2.1.3): at most 63 hashes, the leaf's neighbour first.</summary>
public static class InclusionProof
{
    private static readonly LedgerFault
        Outside = new("proof_index_outside", "The tree has no leaf at this index."),
        WrongLength = new("proof_length_wrong", "A proof for this index in a tree of this size has another number of hashes."),
        WrongRoot = new("proof_root_mismatch", "The proof does not lead from this leaf to this root.");

    /// <param name="index">From 0.</param>
    /// <param name="size">In leaves.</param>
    /// <param name="read">Gives the complete nodes of a tree at least that large.</param>
    public static Hash[] Prove(long index, long size, NodeReader read)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        var path = new List<Hash>();
        TreeNodes.AddPath(read, 0, index, size, path);
        return [.. path];
    }

    /// <summary>RFC 9162, section 2.1.3.2: a proof of exactly the right length that leads to exactly this root.</summary>
    public static bool Verify(in Hash leaf, long index, long size, in Hash root, ReadOnlySpan<Hash> proof, [NotNullWhen(false)] out LedgerFault? fault)
    {
        fault = FindFault(leaf, index, size, root, proof);
        return fault is null;
    }

    private static LedgerFault? FindFault(in Hash leaf, long index, long size, in Hash root, ReadOnlySpan<Hash> proof)
    {
        if (index < 0 || index >= size) return Outside;
        var shape = ProofShape.Of(index, size);
        if (proof.Length != shape.Inner + shape.Border) return WrongLength;
        var node = ProofShape.Inward(leaf, proof[..shape.Inner], index);
        return ProofShape.AlongBorder(node, proof[shape.Inner..]) == root ? null : WrongRoot;
    }
}
