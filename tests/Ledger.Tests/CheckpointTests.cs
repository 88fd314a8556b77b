using System.Text;

namespace ConsentLedger.Ledger.Tests;

public sealed class CheckpointTests
{
    private const string Origin = "example.com/behind-the-sofa";
    private const string Text = Origin + "\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    /// <summary>C2SP tlog-cosignature, its example: who has the keys is not told, so that only the form can be checked.</summary>
    private const string Cosigned = Text + "\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        + "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

    [Fact]
    public void The_example_of_the_specification_is_read_and_written()
    {
        var note = Parse(Cosigned);
        Checkpoint.TryParse(note.Text.Span, out var checkpoint, out _).ShouldBeTrue();
        (checkpoint!.Origin, checkpoint.Size, checkpoint.Root.ToBase64(), checkpoint.Extensions.Count).ShouldBe((Origin, 20852163, "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", 0));
        checkpoint.ToText().ShouldBe(Encoding.UTF8.GetBytes(Text));
        note.ToBytes().ShouldBe(Encoding.UTF8.GetBytes(Cosigned));

        Cosignature.TryReadTime(note.Signatures[0], out _).ShouldBeFalse();
        Cosignature.TryReadTime(note.Signatures[1], out var time).ShouldBeTrue();
        time.ShouldBe(DateTimeOffset.FromUnixTimeSeconds(1679315147));
    }

    [Fact]
    public void The_empty_tree_and_extension_lines_are_checkpoints_too()
    {
        Checkpoint.TryParse(new Checkpoint("o", 0, TreeHash.EmptyRoot).ToText(), out var empty, out _).ShouldBeTrue();
        empty!.Size.ShouldBe(0);
        Checkpoint.TryParse(Encoding.UTF8.GetBytes(Text + "one\ntwo\n"), out var extended, out _).ShouldBeTrue();
        extended!.Extensions.ShouldBe(["one", "two"]);
        extended.ToText().ShouldBe(Encoding.UTF8.GetBytes(Text + "one\ntwo\n"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("o\n1\n")]
    [InlineData("\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")]
    [InlineData("o\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n00\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n+1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n 1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n1a\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n9223372036854775808\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n")]
    [InlineData("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I= \n")]
    [InlineData("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n")]
    [InlineData("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n")]
    [InlineData("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2IA\n")]
    [InlineData("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n")]
    [InlineData("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\nx\n")]
    public void What_is_no_checkpoint_is_refused(string text)
    {
        Checkpoint.TryParse(Encoding.UTF8.GetBytes(text), out _, out var fault).ShouldBeFalse();
        fault!.Code.ShouldBe("checkpoint_malformed");
    }

    [Fact]
    public void An_origin_that_is_not_UTF_8_is_refused()
    {
        Checkpoint.TryParse([0xFF, .. Encoding.UTF8.GetBytes(Text)], out _, out var fault).ShouldBeFalse();
        fault!.Code.ShouldBe("checkpoint_malformed");
    }

    [Fact]
    public void A_log_signs_its_own_checkpoints_only()
    {
        using var key = SigningKey.Generate("log.example/a", SignatureType.Ed25519);
        Should.Throw<ArgumentException>(() => new Checkpoint("log.example/b", 1, TreeHash.EmptyRoot).Sign(key));
        Should.Throw<ArgumentException>(() => new Checkpoint("log.example/a", -1, TreeHash.EmptyRoot).Sign(key));
        Should.Throw<ArgumentException>(() => new Checkpoint("log.example/a", 1, TreeHash.EmptyRoot, ["a\n\nb"]).Sign(key));
        using var witness = SigningKey.Generate("log.example/a", SignatureType.CosignatureV1);
        Should.Throw<ArgumentException>(() => new Checkpoint("log.example/a", 1, TreeHash.EmptyRoot).Sign(witness));
    }

    /// <summary>C2SP tlog-cosignature: what is signed begins with a line that no note begins with, and the time.</summary>
    [Fact]
    public void A_cosignature_is_over_the_time_and_the_checkpoint()
    {
        using var witness = new SigningKey("witness.example/w1", SignatureType.CosignatureV1, new byte[32]);
        var note = Cosignature.Cosign(Parse(Cosigned), witness, DateTimeOffset.FromUnixTimeSeconds(1679315147).AddMilliseconds(999));
        var bytes = note.Signatures[^1].Bytes;
        bytes.Length.ShouldBe(72);
        bytes[..8].ToArray().ShouldBe(Convert.FromHexString("00000000641850cb"));
        Ed25519.Verify(witness.Verifier.PublicKey, Encoding.UTF8.GetBytes("cosignature/v1\ntime 1679315147\n" + Text), bytes.Span[8..]).ShouldBeTrue();

        note.TryVerify([witness.Verifier], out var verified, out _).ShouldBeTrue();
        verified.Count.ShouldBe(1);
        note.TryVerify([new VerifierKey("witness.example/w1", SignatureType.Ed25519, witness.Verifier.PublicKey)], out _, out _).ShouldBeFalse();

        // Again later: the newer takes the older one's place.
        Cosignature.Cosign(note, witness, DateTimeOffset.FromUnixTimeSeconds(1679315148)).Signatures.Count.ShouldBe(note.Signatures.Count);
    }

    [Fact]
    public void Any_bit_of_a_cosignature_flipped_is_found()
    {
        using var witness = new SigningKey("witness.example/w1", SignatureType.CosignatureV1, new byte[32]);
        var line = Cosignature.Cosign(Parse(Cosigned), witness, DateTimeOffset.UnixEpoch).Signatures[^1];
        for (var bit = 0; bit < line.Bytes.Length * 8; bit++)
        {
            var bytes = line.Bytes.ToArray();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            witness.Verifier.Verifies(Encoding.UTF8.GetBytes(Text), bytes).ShouldBeFalse();
        }

        for (var length = 0; length < line.Bytes.Length; length++) witness.Verifier.Verifies(Encoding.UTF8.GetBytes(Text), line.Bytes.Span[..length]).ShouldBeFalse();
        witness.Verifier.Verifies(Encoding.UTF8.GetBytes(Text), [.. line.Bytes.Span, 0]).ShouldBeFalse();
        witness.Verifier.Verifies(Encoding.UTF8.GetBytes(Text + "x\n"), line.Bytes.Span).ShouldBeFalse();
    }

    /// <summary>C2SP tlog-cosignature: a time is below 2^63.</summary>
    [Fact]
    public void A_cosignature_of_a_time_that_cannot_be_is_refused_though_it_is_signed()
    {
        var seed = new byte[32];
        var key = new VerifierKey("w", SignatureType.CosignatureV1, Ed25519.PublicKeyOf(seed));
        byte[] bytes = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, .. Ed25519.Sign(seed, Encoding.UTF8.GetBytes("cosignature/v1\ntime -1\n" + Text))];
        key.Verifies(Encoding.UTF8.GetBytes(Text), bytes).ShouldBeFalse();
        Cosignature.TryReadTime(new NoteSignature("w", key.Id, bytes), out _).ShouldBeFalse();
    }

    [Fact]
    public void Only_checkpoints_are_cosigned_and_only_with_a_witness_s_key()
    {
        using var witness = SigningKey.Generate("w", SignatureType.CosignatureV1);
        using var log = SigningKey.Generate("l", SignatureType.Ed25519);
        Should.Throw<ArgumentException>(() => Cosignature.Cosign(Note.Unsealed("no checkpoint\n"u8), witness, DateTimeOffset.UnixEpoch));
        Should.Throw<ArgumentException>(() => Cosignature.Cosign(Parse(Cosigned), log, DateTimeOffset.UnixEpoch));
        Should.Throw<ArgumentException>(() => Parse(Cosigned).SignedBy(witness));
    }

    private static Note Parse(string text) => Note.TryParse(Encoding.UTF8.GetBytes(text), out var note, out var fault) ? note : throw new ArgumentException(fault.Reason);
}
