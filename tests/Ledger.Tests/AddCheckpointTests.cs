using System.Text;

namespace ConsentLedger.Ledger.Tests;

/// <summary>What goes to a witness and comes back, as C2SP tlog-witness has it.</summary>
public sealed class AddCheckpointTests
{
    /// <summary>The request that the format's text gives as its example.</summary>
    private const string Example = """
        old 20852014
        PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
        jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
        /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

        example.com/behind-the-sofa
        20852163
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

        — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
        — example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=

        """;

    private const string OneHash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=";

    [Fact]
    public void The_example_of_the_format_is_read_and_written_as_it_is()
    {
        var request = Read(Example).ShouldNotBeNull();
        request.OldSize.ShouldBe(20852014);
        request.Proof.Count.ShouldBe(4);
        request.Proof[3].ToBase64().ShouldBe("/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=");
        Checkpoint.TryParse(request.Checkpoint.Text.Span, out var head, out _).ShouldBeTrue();
        head!.Size.ShouldBe(20852163);
        request.Checkpoint.Signatures.Count.ShouldBe(2);
        Encoding.UTF8.GetString(request.ToBytes()).ShouldBe(Example);
    }

    [Theory]
    [InlineData("old 20852014", "old 0", true)]
    [InlineData("old 20852014", "old 00", false)]
    [InlineData("old 20852014", "old -1", false)]
    [InlineData("old 20852014", "old +1", false)]
    [InlineData("old 20852014", "old", false)]
    [InlineData("old 20852014", "old ", false)]
    [InlineData("old 20852014", "old  7", false)]
    [InlineData("old 20852014", "Old 7", false)]
    [InlineData("old 20852014", "old 9223372036854775808", false)]
    [InlineData("old 20852014", "old 5\0", false)]
    [InlineData("old 20852014", "old \u0665", false)]
    [InlineData("old 20852014\n", "", false)]
    [InlineData("kaw=", "kaw", false)]
    [InlineData("kaw=", "kax=", false)]
    [InlineData("kaw=", "kaw= ", false)]
    [InlineData("kaw=", "kaw=\r", false)]
    [InlineData("opLqBQ", "opLq", false)]
    public void A_request_has_one_form(string what, string other, bool isRead) => (Read(Example.Replace(what, other, StringComparison.Ordinal)) is not null).ShouldBe(isRead);

    [Theory]
    [InlineData(63, true)]
    [InlineData(64, false)]
    public void A_proof_has_at_most_63_hashes(int count, bool isRead) =>
        (Read(Example.Replace(OneHash + "\n", string.Concat(Enumerable.Repeat(OneHash + "\n", count - 3)), StringComparison.Ordinal)) is not null).ShouldBe(isRead);

    [Theory]
    [InlineData("0\n", 0L)]
    [InlineData("20852014\n", 20852014L)]
    [InlineData("20852014", null)]
    [InlineData("\n", null)]
    [InlineData("007\n", null)]
    [InlineData("7\n\n", null)]
    [InlineData("-7\n", null)]
    [InlineData("7\0\n", null)]
    public void A_known_size_is_a_number_and_a_newline(string text, long? size)
    {
        KnownSize.TryParse(text, out var read).ShouldBe(size is not null);
        if (size is null) return;
        read.ShouldBe(size.Value);
        KnownSize.ToText(read).ShouldBe(text);
    }

    private static AddCheckpoint? Read(string text) => AddCheckpoint.TryParse(Encoding.UTF8.GetBytes(text), out var request, out _) ? request : null;
}
