using System.Buffers;

namespace ConsentLedger.Ledger.Tests;

public sealed class TileTests
{
    [Theory]
    [InlineData("tile/0/x001/x234/067", 0, 1234067, 256)]
    [InlineData("tile/0/000", 0, 0, 256)]
    [InlineData("tile/63/999.p/1", 63, 999, 1)]
    [InlineData("tile/1/x001/000.p/255", 1, 1000, 255)]
    [InlineData("tile/entries/x999/999.p/17", TileId.Entries, 999999, 17)]
    [InlineData("tile/0/x036/x028/x797/x018/x963/968", 0, 36028797018963968, 256)]
    public void A_path_has_groups_of_three_digits(string path, int level, long index, int width)
    {
        TileId.TryParse(path, out var tile, out _).ShouldBeTrue();
        tile.ShouldBe(new TileId(level, index, width));
        tile.ToString().ShouldBe(path);
    }

    [Theory]
    [InlineData("")]
    [InlineData("tile")]
    [InlineData("tile/0")]
    [InlineData("tile/0/")]
    [InlineData("tile/0/0")]
    [InlineData("tile/0/0000")]
    [InlineData("tile/00/000")]
    [InlineData("tile/64/000")]
    [InlineData("tile/-1/000")]
    [InlineData("tile/+1/000")]
    [InlineData("tile/data/000")]
    [InlineData("Tile/0/000")]
    [InlineData("/tile/0/000")]
    [InlineData("tile/0/000/")]
    [InlineData("tile/0/x000/001")]
    [InlineData("tile/0/001/067")]
    [InlineData("tile/0/x001/x067")]
    [InlineData("tile/0/xx01/067")]
    [InlineData("tile/0/000.p/0")]
    [InlineData("tile/0/000.p/256")]
    [InlineData("tile/0/000.p/01")]
    [InlineData("tile/0/000.p/-1")]
    [InlineData("tile/0/000.p")]
    [InlineData("tile/0/000.p/")]
    [InlineData("tile/0/000.p/1/2")]
    [InlineData("tile/0/ 00")]
    [InlineData("tile/0/x999/x999/x999/x999/x999/x999/999")]
    public void Any_other_path_is_refused(string path)
    {
        TileId.TryParse(path, out _, out var fault).ShouldBeFalse();
        fault!.Code.ShouldBe("tile_path_invalid");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(70_000)]
    public void A_tree_has_its_tiles_at_their_width_and_narrower_and_no_other(long size)
    {
        for (var level = TileId.Entries; level <= 63; level++)
        {
            var last = TileId.OfLevel(level, level < 8 ? size : 0).LastOrDefault(new TileId(level, 0, 0));
            for (var width = 1; width <= TileId.FullWidth; width++) (last with { Width = width }).IsWithin(size).ShouldBe(width <= last.Width, $"{last}, {width}");
            (last with { Index = last.Index + 1, Width = 1 }).IsWithin(size).ShouldBeFalse();
            if (last.Index > 0) (last with { Index = last.Index - 1, Width = TileId.FullWidth }).IsWithin(size).ShouldBeTrue();
            new TileId(level, 999_999_999_999_999_999).IsWithin(size).ShouldBeFalse();
        }
    }

    /// <summary>The example of the specification.</summary>
    [Fact]
    public void A_tree_of_70_000_leaves_has_these_tiles()
    {
        TileId.OfLevel(0, 70_000).Count(t => t.IsFull).ShouldBe(273);
        TileId.OfLevel(0, 70_000).Last().ShouldBe(new TileId(0, 273, 112));
        TileId.OfLevel(1, 70_000).ShouldBe([new TileId(1, 0), new TileId(1, 1, 17)]);
        TileId.OfLevel(2, 70_000).ShouldBe([new TileId(2, 0, 1)]);
        TileId.OfLevel(3, 70_000).ShouldBeEmpty();
        TileId.OfLevel(TileId.Entries, 70_000).Count().ShouldBe(274);
        TileId.OfTree(70_000).Count().ShouldBe(274 + 2 + 1);
        TileId.OfTree(256).ShouldBe([new TileId(0, 0), new TileId(1, 0, 1)]);
        TileId.OfTree(0).ShouldBeEmpty();
    }

    [Fact]
    public void A_tree_has_its_own_tiles_at_their_own_width_and_no_others()
    {
        foreach (var size in new[] { 0L, 1, 255, 256, 257, 70_000 })
        {
            foreach (var tile in TileId.OfTree(size).Concat(TileId.OfLevel(TileId.Entries, size)))
            {
                tile.IsOf(size).ShouldBeTrue($"{tile} of {size}");
                (tile with { Width = tile.IsFull ? 255 : tile.Width + 1 }).IsOf(size).ShouldBeFalse();
                if (!tile.IsFull) (tile with { Index = tile.Index + 1 }).IsOf(size).ShouldBeFalse();
            }

            new TileId(0, size / TileId.FullWidth).IsOf(size).ShouldBeFalse();
            new TileId(8, 0, 1).IsOf(size).ShouldBeFalse();
            new TileId(63, 0, 1).IsOf(size).ShouldBeFalse();
        }
    }

    [Fact]
    public void A_tile_of_another_length_than_its_width_is_refused()
    {
        HashTile.TryRead(new TileId(0, 0, 2), new byte[64], out var hashes, out _).ShouldBeTrue();
        hashes.Length.ShouldBe(2);
        foreach (var length in new[] { 0, 63, 65, 96 })
        {
            HashTile.TryRead(new TileId(0, 0, 2), new byte[length], out _, out var fault).ShouldBeFalse();
            fault!.Code.ShouldBe("tile_length_wrong");
        }
    }

    [Fact]
    public void Nodes_are_not_found_in_a_tile_that_is_too_short() =>
        Should.Throw<InvalidDataException>(() => new TileNodes(5, _ => new byte[4 * Hash.Length]).Read(0, 4));

    [Fact]
    public void A_wider_tile_serves_a_smaller_tree()
    {
        var leaves = ReferenceTree.Leaves(300);
        var tiles = Frontier.Empty.Append(leaves).Tiles.ToDictionary(p => (p.Level, p.Index), p => (ReadOnlyMemory<byte>)p.Bytes.ToArray());
        for (var size = 1; size <= 300; size++)
            new TileNodes(size, t => tiles[(t.Level, t.Index)]).Root().ShouldBe(new ReferenceTree(leaves).Root(size));
    }

    [Fact]
    public void A_bundle_gives_back_its_entries_and_their_leaves()
    {
        byte[][] entries = [[], [1], new byte[300], new byte[Entry.MaxLength]];
        var bundle = Bundle(entries);
        bundle[..5].ShouldBe(new byte[] { 0, 0, 0, 1, 1 });

        var reader = new EntryBundle.Reader(bundle);
        foreach (var entry in entries)
        {
            reader.TryRead(out var read).ShouldBeTrue();
            read.SequenceEqual(entry).ShouldBeTrue();
        }

        reader.TryRead(out _).ShouldBeFalse();
        reader.Fault.ShouldBeNull();

        var leaves = new Hash[4];
        EntryBundle.TryHashLeaves(bundle, leaves, out _).ShouldBeTrue();
        leaves.ShouldBe(entries.Select(e => TreeHash.Leaf(e)).ToArray());
        Should.Throw<ArgumentException>(() => Bundle([new byte[Entry.MaxLength + 1]]));
    }

    [Fact]
    public void A_bundle_cut_anywhere_or_of_another_count_is_refused()
    {
        var bundle = Bundle([[1, 2, 3], [4, 5], [6]]);
        var leaves = new Hash[3];
        for (var length = 0; length < bundle.Length; length++)
        {
            EntryBundle.TryHashLeaves(bundle.AsSpan(0, length), leaves, out var fault).ShouldBeFalse();
            fault!.Code.ShouldBe(length is 0 or 5 or 9 ? "bundle_count_wrong" : "bundle_malformed");
        }

        EntryBundle.TryHashLeaves(bundle, new Hash[2], out var tooMany).ShouldBeFalse();
        tooMany!.Code.ShouldBe("bundle_count_wrong");
    }

    private static byte[] Bundle(byte[][] entries)
    {
        var bundle = new ArrayBufferWriter<byte>();
        foreach (var entry in entries) EntryBundle.Write(entry, bundle);
        return bundle.WrittenSpan.ToArray();
    }
}
