using System.Text;

namespace ConsentLedger.Ledger.Tests;

public sealed class NoteTests
{
    private const string Text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    private const string PeterLine = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    private const string EnochLine = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";
    private const string SignedByBoth = Text + "\n" + PeterLine + EnochLine;

    private static readonly VerifierKey Peter = KeyOf("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    private static readonly VerifierKey Enoch = KeyOf("EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop");

    /// <summary>Go's note package, its examples.</summary>
    [Fact]
    public void Signing_gives_the_note_that_others_give()
    {
        SigningKey.TryParse("PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz", out var peter, out _).ShouldBeTrue();
        using var enoch = new SigningKey("EnochRoot", SignatureType.Ed25519, new byte[32]);
        using (peter)
        {
            var note = Note.Unsealed(Encoding.UTF8.GetBytes(Text)).SignedBy(peter!).SignedBy(enoch);
            Encoding.UTF8.GetString(note.ToBytes()).ShouldBe(SignedByBoth);

            // Once more takes the place of the first.
            Encoding.UTF8.GetString(note.SignedBy(peter!).ToBytes()).ShouldBe(Text + "\n" + EnochLine + PeterLine);
        }
    }

    /// <summary>C2SP signed-note, its example.</summary>
    [Fact]
    public void The_example_of_the_specification_holds() => Verify(
        "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
        KeyOf("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")).ShouldBe("");

    [Fact]
    public void Known_signatures_have_to_hold_and_unknown_ones_are_passed_over()
    {
        var note = Parse(SignedByBoth);
        Encoding.UTF8.GetString(note.Text.Span).ShouldBe(Text);
        note.TryVerify([Peter], out var verified, out _).ShouldBeTrue();
        verified.Select(v => v.Key).ShouldBe([Peter]);
        note.TryVerify([Enoch, Peter], out verified, out _).ShouldBeTrue();
        verified.Select(v => v.Key).ShouldBe([Peter, Enoch]);

        Verify(SignedByBoth, KeyOf("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")).ShouldBe("note_unsigned");
        Verify(SignedByBoth).ShouldBe("note_unsigned");
        Verify(SignedByBoth.Replace("your", "my", StringComparison.Ordinal), Peter).ShouldBe("note_signature_invalid");

        // One that holds does not make up for one that does not.
        var forged = Text + "\n" + PeterLine + EnochLine.Replace("rwz+eBzm", "rwz+eBzn", StringComparison.Ordinal);
        Verify(forged, Peter).ShouldBe("");
        Verify(forged, Peter, Enoch).ShouldBe("note_signature_invalid");
        Verify(Text + "\n" + PeterLine + PeterLine.Replace("Zb6KE6", "Zb6KE7", StringComparison.Ordinal), Peter).ShouldBe("note_signature_invalid");
    }

    [Fact]
    public void A_key_of_the_same_name_or_the_same_id_is_another_key()
    {
        Verify(SignedByBoth, new VerifierKey("PeterNeumann", SignatureType.Ed25519, Enoch.PublicKey)).ShouldBe("note_unsigned");
        Verify(SignedByBoth, new VerifierKey("PeterNeumann", SignatureType.CosignatureV1, Peter.PublicKey)).ShouldBe("note_unsigned");
        Verify(SignedByBoth, new VerifierKey("Peter", SignatureType.Ed25519, Peter.PublicKey)).ShouldBe("note_unsigned");
        Verify(SignedByBoth.Replace("— Peter", "— Pieter", StringComparison.Ordinal), Peter).ShouldBe("note_unsigned");
    }

    [Fact]
    public void Any_byte_of_a_note_flipped_is_found()
    {
        var bytes = Encoding.UTF8.GetBytes(SignedByBoth);
        for (var i = 0; i < bytes.Length; i++)
            for (var bit = 0; bit < 8; bit++)
            {
                bytes[i] ^= (byte)(1 << bit);
                (Note.TryParse(bytes, out var note, out _) && note.TryVerify([Peter, Enoch], out var verified, out _) && verified.Count == 2).ShouldBeFalse($"byte {i}, bit {bit}");
                bytes[i] ^= (byte)(1 << bit);
            }
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("text\n")]
    [InlineData("text\n\n")]
    [InlineData("text\n" + PeterLine)]
    [InlineData("text\n\n" + PeterLine + "\n")]
    [InlineData("text\n\nx" + PeterLine)]
    [InlineData("text\n\n-- PeterNeumann x08go/ZJkg==\n")]
    [InlineData("text\n\n—PeterNeumann x08go/ZJkg==\n")]
    [InlineData("text\n\n— PeterNeumann\n")]
    [InlineData("text\n\n—  x08go/ZJkg==\n")]
    [InlineData("text\n\n— Peter Neumann x08go/ZJkg==\n")]
    [InlineData("text\n\n— Peter+Neumann x08go/ZJkg==\n")]
    [InlineData("text\n\n— Peter\u2003Neumann x08go/ZJkg==\n")]
    [InlineData("text\n\n— PeterNeumann x08gow==\n")]
    [InlineData("text\n\n— PeterNeumann x08go\n")]
    [InlineData("text\n\n— PeterNeumann x08go/ZJkh==\n")]
    [InlineData("text\n\n— PeterNeumann x08go/ZJkg==")]
    [InlineData("text\n\n— PeterNeumann x08go/ZJkg== \n")]
    [InlineData("text\n\n— PeterNeumann x08go/ZJkg==\r\n")]
    [InlineData("text\r\n\n— PeterNeumann x08go/ZJkg==\n")]
    [InlineData("te\txt\n\n— PeterNeumann x08go/ZJkg==\n")]
    [InlineData("te\0xt\n\n— PeterNeumann x08go/ZJkg==\n")]
    [InlineData("te\u001Fxt\n\n— PeterNeumann x08go/ZJkg==\n")]
    public void What_is_no_note_is_refused(string text) => Fault(Encoding.UTF8.GetBytes(text)).ShouldBe("note_malformed");

    [Fact]
    public void A_note_s_text_may_have_empty_lines_and_ends_at_the_last()
    {
        var note = Parse("one\n\ntwo\n\n— PeterNeumann x08go/ZJkg==\n");
        Encoding.UTF8.GetString(note.Text.Span).ShouldBe("one\n\ntwo\n");
        note.Signatures.Count.ShouldBe(1);
    }

    [Fact]
    public void Size_and_signatures_have_a_bound()
    {
        static byte[] Signed(int times) => Encoding.UTF8.GetBytes("text\n\n" + string.Concat(Enumerable.Repeat("— PeterNeumann x08go/ZJkg==\n", times)));
        Note.TryParse(Signed(Note.MaxSignatures), out _, out _).ShouldBeTrue();
        Fault(Signed(Note.MaxSignatures + 1)).ShouldBe("note_too_large");
        Fault(new byte[Note.MaxLength + 1]).ShouldBe("note_too_large");
        Fault([0xFF, .. Signed(1)]).ShouldBe("note_malformed");
    }

    [Theory]
    [InlineData("")]
    [InlineData("text")]
    [InlineData("te\rxt\n")]
    public void Only_a_text_of_lines_is_signed(string text) => Should.Throw<ArgumentException>(() => Note.Unsealed(Encoding.UTF8.GetBytes(text)));

    private static VerifierKey KeyOf(string text) => VerifierKey.TryParse(text, out var key, out var fault) ? key : throw new ArgumentException(fault.Reason);

    private static Note Parse(string text) => Note.TryParse(Encoding.UTF8.GetBytes(text), out var note, out var fault) ? note : throw new ArgumentException(fault.Reason);

    private static string Fault(byte[] bytes)
    {
        Note.TryParse(bytes, out _, out var fault).ShouldBeFalse();
        return fault!.Code;
    }

    private static string Verify(string text, params VerifierKey[] known)
    {
        Parse(text).TryVerify(known, out _, out var fault).ShouldBe(fault is null);
        return fault?.Code ?? "";
    }
}
