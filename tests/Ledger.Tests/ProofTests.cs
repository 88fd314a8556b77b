namespace ConsentLedger.Ledger.Tests;

public sealed class ProofTests
{
    private const int MaxSize = 300;
    private static readonly Hash[] Leaves = ReferenceTree.Leaves(MaxSize + 1);
    private static readonly ReferenceTree Tree = new(Leaves);
    private static readonly TileNodes Tiles = TilesOf(MaxSize);

    [Fact]
    public void Every_leaf_of_every_tree_is_proved_as_the_definition_proves_it()
    {
        for (var size = 1; size <= MaxSize; size++)
            for (var index = 0; index < size; index++)
            {
                var proof = InclusionProof.Prove(index, size, Tiles.Read);
                proof.SequenceEqual(Tree.Path(index, 0, size)).ShouldBeTrue();
                InclusionProof.Verify(Leaves[index], index, size, Tree.Root(size), proof, out _).ShouldBeTrue();
            }
    }

    [Fact]
    public void Every_older_tree_is_proved_as_the_definition_proves_it()
    {
        for (var size = 1; size <= MaxSize; size++)
            for (var old = 1; old <= size; old++)
            {
                var proof = ConsistencyProof.Prove(old, size, Tiles.Read);
                proof.SequenceEqual(Tree.SubProof(old, 0, size, known: true)).ShouldBeTrue();
                ConsistencyProof.Verify(old, Tree.Root(old), size, Tree.Root(size), proof, out _).ShouldBeTrue();
            }
    }

    [Fact]
    public void An_inclusion_proof_with_any_bit_flipped_proves_nothing() => ForSizes(size =>
    {
        for (var index = 0; index < size; index++)
        {
            var proof = InclusionProof.Prove(index, size, Tiles.Read);
            foreach (var bad in Flipped(proof)) FaultOf(Leaves[index], index, size, Tree.Root(size), bad).ShouldBe("proof_root_mismatch");
            foreach (var bad in Flipped([Leaves[index]])) FaultOf(bad[0], index, size, Tree.Root(size), proof).ShouldBe("proof_root_mismatch");
            foreach (var bad in Flipped([Tree.Root(size)])) FaultOf(Leaves[index], index, size, bad[0], proof).ShouldBe("proof_root_mismatch");
        }
    });

    [Fact]
    public void A_consistency_proof_with_any_bit_flipped_proves_nothing() => ForSizes(size =>
    {
        for (var old = 1; old < size; old++)
        {
            var proof = ConsistencyProof.Prove(old, size, Tiles.Read);
            foreach (var bad in Flipped(proof)) FaultOf(old, Tree.Root(old), size, Tree.Root(size), bad).ShouldBeOneOf("consistency_old_mismatch", "consistency_new_mismatch");
            foreach (var bad in Flipped([Tree.Root(old)])) FaultOf(old, bad[0], size, Tree.Root(size), proof).ShouldBeOneOf("consistency_old_mismatch", "consistency_new_mismatch");
            foreach (var bad in Flipped([Tree.Root(size)])) FaultOf(old, Tree.Root(old), size, bad[0], proof).ShouldBe("consistency_new_mismatch");
        }
    });

    [Fact]
    public void A_proof_of_another_length_proves_nothing() => ForSizes(size =>
    {
        for (var i = 0; i < size; i++)
        {
            var inclusion = InclusionProof.Prove(i, size, Tiles.Read);
            FaultOf(Leaves[i], i, size, Tree.Root(size), [.. inclusion, Leaves[0]]).ShouldBe("proof_length_wrong");
            if (inclusion.Length > 0) FaultOf(Leaves[i], i, size, Tree.Root(size), inclusion[..^1]).ShouldBe("proof_length_wrong");

            var consistency = ConsistencyProof.Prove(i + 1, size, Tiles.Read);
            FaultOf(i + 1, Tree.Root(i + 1), size, Tree.Root(size), [.. consistency, Leaves[0]]).ShouldBe("consistency_length_wrong");
            if (consistency.Length > 0) FaultOf(i + 1, Tree.Root(i + 1), size, Tree.Root(size), consistency[..^1]).ShouldBe("consistency_length_wrong");
        }
    });

    [Fact]
    public void A_proof_for_another_place_or_size_proves_nothing()
    {
        for (var size = 1; size <= 40; size++)
            for (var index = 0; index < size; index++)
            {
                var proof = InclusionProof.Prove(index, size, Tiles.Read);
                for (var other = 0; other < size; other++)
                    if (other != index) FaultOf(Leaves[index], other, size, Tree.Root(size), proof).ShouldNotBeNull();
                FaultOf(Leaves[index], -1, size, Tree.Root(size), proof).ShouldBe("proof_index_outside");
                FaultOf(Leaves[index], size, size, Tree.Root(size), proof).ShouldBe("proof_index_outside");
                FaultOf(Leaves[index], index, -size, Tree.Root(size), proof).ShouldBe("proof_index_outside");
            }
    }

    [Fact]
    public void A_tree_that_shrank_or_forked_or_was_never_there_is_refused()
    {
        FaultOf(0, TreeHash.EmptyRoot, 5, Tree.Root(5), []).ShouldBe("consistency_from_nothing");
        FaultOf(-1, TreeHash.EmptyRoot, 5, Tree.Root(5), []).ShouldBe("consistency_from_nothing");
        FaultOf(6, Tree.Root(6), 5, Tree.Root(5), []).ShouldBe("consistency_tree_shrunk");
        FaultOf(5, Tree.Root(4), 5, Tree.Root(5), []).ShouldBe("consistency_new_mismatch");
        FaultOf(5, Tree.Root(5), 5, Tree.Root(5), [Leaves[0]]).ShouldBe("consistency_length_wrong");

        // The same first three leaves, then another fourth: true of the newer tree, and not of the older.
        var fork = Frontier.Empty.Append(new[] { Leaves[0], Leaves[1], Leaves[2], Leaves[9] }).Root;
        FaultOf(4, fork, 7, Tree.Root(7), ConsistencyProof.Prove(4, 7, Tiles.Read)).ShouldBe("consistency_new_mismatch");
    }

    [Fact]
    public void Nothing_is_proved_of_leaves_that_are_not_there()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => InclusionProof.Prove(5, 5, Tiles.Read));
        Should.Throw<ArgumentOutOfRangeException>(() => InclusionProof.Prove(-1, 5, Tiles.Read));
        Should.Throw<ArgumentOutOfRangeException>(() => ConsistencyProof.Prove(0, 5, Tiles.Read));
        Should.Throw<ArgumentOutOfRangeException>(() => ConsistencyProof.Prove(6, 5, Tiles.Read));
    }

    [Fact]
    public void A_tree_as_large_as_numbers_go_is_proved_and_verified()
    {
        // All leaves alike, so that every complete node of a height is one hash.
        var rows = new Hash[63];
        rows[0] = Leaves[0];
        for (var height = 1; height < rows.Length; height++) rows[height] = TreeHash.Node(rows[height - 1], rows[height - 1]);
        NodeReader read = (height, _) => rows[height];
        var root = TreeNodes.Root(read, 0, long.MaxValue);
        foreach (var index in new[] { 0, 1, (1L << 62) - 1, 1L << 62, long.MaxValue - 1 })
        {
            var proof = InclusionProof.Prove(index, long.MaxValue, read);
            InclusionProof.Verify(Leaves[0], index, long.MaxValue, root, proof, out _).ShouldBeTrue();
            if (index == 0) continue;
            ConsistencyProof.Verify(index, TreeNodes.Root(read, 0, index), long.MaxValue, root, ConsistencyProof.Prove(index, long.MaxValue, read), out _).ShouldBeTrue();
        }
    }

    private static TileNodes TilesOf(int size)
    {
        var tiles = Frontier.Empty.Append(Leaves.AsMemory(0, size)).Tiles.ToDictionary(p => p.Tile, p => (ReadOnlyMemory<byte>)p.Bytes.ToArray());
        return new TileNodes(size, t => tiles[t]);
    }

    private static void ForSizes(Action<int> check)
    {
        for (var size = 1; size <= 17; size++) check(size);
    }

    private static IEnumerable<Hash[]> Flipped(Hash[] hashes)
    {
        for (var bit = 0; bit < hashes.Length * Hash.Length * 8; bit++)
        {
            var bytes = Hash.AsBytes(hashes).ToArray();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            yield return Hash.AsHashes(bytes).ToArray();
        }
    }

    private static string? FaultOf(Hash leaf, long index, long size, Hash root, Hash[] proof)
    {
        InclusionProof.Verify(leaf, index, size, root, proof, out var fault).ShouldBe(fault is null);
        return fault?.Code;
    }

    private static string? FaultOf(long oldSize, Hash oldRoot, long newSize, Hash newRoot, Hash[] proof)
    {
        ConsistencyProof.Verify(oldSize, oldRoot, newSize, newRoot, proof, out var fault).ShouldBe(fault is null);
        return fault?.Code;
    }
}
