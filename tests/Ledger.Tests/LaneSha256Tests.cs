using System.Security.Cryptography;

namespace ConsentLedger.Ledger.Tests;

public sealed class LaneSha256Tests
{
    [LaneFact]
    public void Every_length_in_every_number_of_lanes_hashes_as_the_system_hashes_it()
    {
        const int Gap = 3;
        for (var length = 0; length < LaneSha256.MaxLength; length++)
        {
            // By a generator of our own: the same bytes in every run.
            var messages = new byte[LaneSha256.Lanes * (length + Gap)];
            for (var i = 0; i < messages.Length; i++) messages[i] = (byte)((i * 167) + (i >> 7) + length);
            var count = 1 + (length % LaneSha256.Lanes);
            var hashes = new Hash[LaneSha256.Lanes];
            LaneSha256.Hash((byte)(length & 1), messages, length, length + Gap, hashes.AsSpan(0, count));
            for (var lane = 0; lane < hashes.Length; lane++)
            {
                var expected = lane < count ? Hash.Of(SHA256.HashData([(byte)(length & 1), .. messages.AsSpan(lane * (length + Gap), length)])) : Hash.Zero;
                (hashes[lane] == expected).ShouldBeTrue($"length {length}, lane {lane}");
            }
        }
    }

    [Fact]
    public void Any_number_of_nodes_is_hashed_alike_also_in_place()
    {
        var children = ReferenceTree.Leaves(200);
        for (var count = 0; count <= 100; count++)
        {
            var row = children[..(2 * count)];
            TreeHash.Nodes(row, row.AsSpan(0, count));
            for (var i = 0; i < count; i++) (row[i] == TreeHash.Node(children[2 * i], children[(2 * i) + 1])).ShouldBeTrue();
        }
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class LaneFactAttribute : FactAttribute
    {
        public LaneFactAttribute()
        {
            if (!LaneSha256.IsSupported) Skip = "This processor has no registers for sixteen lanes; nothing calls this here.";
        }
    }
}
