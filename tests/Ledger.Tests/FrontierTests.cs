using FsCheck.Fluent;

namespace ConsentLedger.Ledger.Tests;

public sealed class FrontierTests
{
    private const int Many = 70_000;
    private static readonly Hash[] Leaves = ReferenceTree.Leaves(Many);
    private static readonly ReferenceTree Reference = new(Leaves);

    [Fact]
    public void The_root_is_the_recursive_definition_s_at_every_size_whichever_way_the_leaves_came()
    {
        var one = Frontier.Empty;
        for (var size = 0; size <= 600; size++)
        {
            one.Size.ShouldBe(size);
            one.Root.ShouldBe(Reference.Root(size));
            Frontier.Empty.Append(Leaves.AsMemory(0, size)).Root.ShouldBe(one.Root);
            one = one.Append(Leaves.AsMemory(size, 1)).After;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(69_999)]
    public void It_is_found_again_in_the_nodes_of_any_larger_tree(int size)
    {
        var found = Frontier.Read(size, (height, index) => Reference.Root((int)(index << height), (int)((index + 1) << height)));

        found.ToBytes().ShouldBe(Frontier.Empty.Append(Leaves.AsMemory(0, size)).After.ToBytes());
        found.Root.ShouldBe(Reference.Root(size));
    }

    [Fact]
    public void Any_batches_give_the_same_tree_and_the_same_tiles() => Properties.Hold(
        Gen.Frequency((8, Gen.Choose(0, 700)), (1, Gen.Choose(0, 9_000))).ListOf().Resize(10).ToArbitrary(), batches =>
    {
        var (frontier, tiles) = (Frontier.Empty, new Dictionary<(int, long), byte[]>());
        foreach (var count in batches.TakeWhile(c => frontier.Size + c <= Many))
        {
            var growth = frontier.Append(Leaves.AsMemory((int)frontier.Size, count));
            ReferenceEquals(growth.Before, frontier).ShouldBeTrue();
            foreach (var part in growth.Tiles)
            {
                // A store that appends what it is given, where it is given, has the tile.
                var stored = tiles.GetValueOrDefault((part.Level, part.Index)) ?? [];
                stored.Length.ShouldBe(part.Offset * Hash.Length);
                tiles[(part.Level, part.Index)] = [.. stored, .. part.Bytes];
                part.IsComplete.ShouldBe(part.Tile.IsFull);
            }

            growth.Tiles.DistinctBy(t => (t.Level, t.Index)).Count().ShouldBe(growth.Tiles.Count);
            frontier = growth.After;
        }

        frontier.Root.ShouldBe(Frontier.Empty.Append(Leaves.AsMemory(0, (int)frontier.Size)).Root);

        TileId.OfTree(frontier.Size).Select(t => (t.Level, t.Index)).Order().ShouldBe(tiles.Keys.Order());
        foreach (var tile in TileId.OfTree(frontier.Size)) tiles[(tile.Level, tile.Index)].Length.ShouldBe(tile.Width * Hash.Length);
        new TileNodes(frontier.Size, t => tiles[(t.Level, t.Index)]).Root().ShouldBe(frontier.Root);
        for (var height = 0; frontier.Size >> height > 0; height++)
        {
            var last = (frontier.Size >> height) - 1;
            new TileNodes(frontier.Size, t => tiles[(t.Level, t.Index)]).Read(height, last).ShouldBe(Reference.Node(height, last));
        }
    });

    [Fact]
    public void Each_hash_of_a_tile_is_the_root_over_its_leaves()
    {
        foreach (var part in Frontier.Empty.Append(Leaves.AsMemory(0, Many)).Tiles)
            for (var i = 0; i < part.Hashes.Length; i++)
                (part.Hashes.Span[i] == Reference.Node(part.Level * TileId.Height, (part.Index * TileId.FullWidth) + part.Offset + i)).ShouldBeTrue();
    }

    [Fact]
    public void A_frontier_survives_as_bytes_and_goes_on_growing()
    {
        for (var size = 0; size < 300; size++)
        {
            var frontier = Frontier.Empty.Append(Leaves.AsMemory(0, size)).After;
            Frontier.TryRead(frontier.ToBytes(), out var read, out _).ShouldBeTrue();
            read!.ToBytes().ShouldBe(frontier.ToBytes());
            read.Append(Leaves.AsMemory(size, 300)).Root.ShouldBe(Reference.Root(size + 300));
        }
    }

    [Fact]
    public void Bytes_that_are_no_frontier_are_refused()
    {
        var bytes = Frontier.Empty.Append(Leaves.AsMemory(0, 7)).After.ToBytes();
        foreach (byte[] bad in new byte[][] { [], bytes[..7], bytes[..^1], bytes[..^32], [.. bytes, 0], [.. bytes, .. new byte[32]], [0x80, .. bytes[1..]], [0x80, .. new byte[7 + Hash.Length]], [.. bytes[..7], 6, .. bytes[8..]] })
        {
            Frontier.TryRead(bad, out _, out var fault).ShouldBeFalse();
            fault!.Code.ShouldBe("frontier_malformed");
        }
    }

    [Fact]
    public void Appending_nothing_changes_nothing()
    {
        var frontier = Frontier.Empty.Append(Leaves.AsMemory(0, 5)).After;
        var growth = frontier.Append(default);
        growth.Tiles.ShouldBeEmpty();
        growth.After.ToBytes().ShouldBe(frontier.ToBytes());
    }
}
