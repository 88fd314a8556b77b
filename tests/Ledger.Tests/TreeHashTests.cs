using System.Text;

namespace ConsentLedger.Ledger.Tests;

/// <summary>Values of the RFC 6962 reference tests.</summary>
public sealed class TreeHashTests
{
    private static readonly string[] Entries = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    private static readonly string[] Roots =
    [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    [Fact]
    public void Leaf_and_node_are_as_known()
    {
        TreeHash.Leaf("L123456"u8).ToString().ShouldBe("395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
        TreeHash.Leaf([]).ToString().ShouldBe(Roots[1]);

        // The known node has children that are no hashes; ours takes nothing else.
        TreeHash.Node(Hash.Of(Convert.FromHexString(Roots[1])), Hash.Of(Convert.FromHexString("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"))).ToString().ShouldBe(Roots[2]);
    }

    [Fact]
    public void The_tree_has_the_known_root_at_every_size()
    {
        var frontier = Frontier.Empty;
        frontier.Root.ToString().ShouldBe(Roots[0]);
        for (var i = 0; i < Entries.Length; i++)
        {
            frontier = frontier.Append(new[] { TreeHash.Leaf(Convert.FromHexString(Entries[i])) }).After;
            frontier.Root.ToString().ShouldBe(Roots[i + 1]);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(510)]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(65_535)]
    public void A_leaf_of_any_length_is_one_octet_and_the_entry(int length)
    {
        var entry = Encoding.ASCII.GetBytes(new string('e', length));
        TreeHash.Leaf(entry).ShouldBe(Hash.Of(System.Security.Cryptography.SHA256.HashData([0, .. entry])));
    }
}
