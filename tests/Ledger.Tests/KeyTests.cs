namespace ConsentLedger.Ledger.Tests;

public sealed class KeyTests
{
    /// <summary>The keys of Go's note package, of C2SP signed-note's example, and of a witness (transparency-dev/formats).</summary>
    [Theory]
    [InlineData("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "PeterNeumann", 0xc74f20a3, SignatureType.Ed25519)]
    [InlineData("EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop", "EnochRoot", 0xaf0cfe78, SignatureType.Ed25519)]
    [InlineData("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "example.com/foo", 0x530d903a, SignatureType.Ed25519)]
    [InlineData("remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2", "remora.n621.de", 0xda77ade7, SignatureType.CosignatureV1)]
    public void Known_keys_have_their_known_ids(string text, string name, uint id, SignatureType type)
    {
        VerifierKey.TryParse(text, out var key, out _).ShouldBeTrue();
        (key!.Name, key.Id, key.Type).ShouldBe((name, id, type));
        key.ToString().ShouldBe(text);
        key.ShouldBe(new VerifierKey(name, type, key.PublicKey));
        key.GetHashCode().ShouldBe(new VerifierKey(name, type, key.PublicKey).GetHashCode());
        new VerifierKey(name + "x", type, key.PublicKey).ShouldNotBe(key);
    }

    [Fact]
    public void No_part_of_a_key_and_no_key_with_a_changed_character_is_a_key()
    {
        const string Key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        for (var start = 0; start < Key.Length; start++)
            for (var end = start; end <= Key.Length; end++)
                VerifierKey.TryParse(Key[start..end], out _, out _).ShouldBe(start == 0 && end == Key.Length);
        for (var i = 0; i < Key.Length; i++)
            VerifierKey.TryParse($"{Key[..i]}{(char)(Key[i] + 1)}{Key[(i + 1)..]}", out _, out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==", "key_malformed")]
    [InlineData("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "key_type_unknown")]
    [InlineData("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "key_id_mismatch")]
    [InlineData("PeterNeumann+00000000+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "key_id_mismatch")]
    [InlineData("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n", "key_malformed")]
    [InlineData("PeterNeumann+c74f20a3+ARpc2QcU PDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "key_malformed")]
    [InlineData("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "key_malformed")]
    [InlineData("bananas.example+12344556", "key_malformed")]
    [InlineData("rekor.example+12345678+AwEB", "key_type_unknown")]
    public void What_is_no_key_is_refused(string text, string code)
    {
        VerifierKey.TryParse(text, out _, out var fault).ShouldBeFalse();
        fault!.Code.ShouldBe(code);
    }

    [Fact]
    public void A_signing_key_is_read_from_its_text_and_no_other()
    {
        const string Secret = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
        SigningKey.TryParse(Secret, out var key, out _).ShouldBeTrue();
        using (key)
        {
            key!.Verifier.ToString().ShouldBe("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
            key.ExportText().ShouldBe(Secret);
        }

        for (var i = 0; i < Secret.Length; i++)
        {
            SigningKey.TryParse($"{Secret[..i]}{(char)(Secret[i] + 1)}{Secret[(i + 1)..]}", out _, out var fault).ShouldBeFalse();
            fault!.Code.ShouldBe("signing_key_malformed");
            SigningKey.TryParse(Secret[..i], out _, out _).ShouldBeFalse();
        }
    }

    [Fact]
    public void A_generated_key_is_new_and_a_disposed_one_gone()
    {
        using var one = SigningKey.Generate("log.example/one", SignatureType.Ed25519);
        using var other = SigningKey.Generate("log.example/one", SignatureType.Ed25519);
        one.Verifier.ShouldNotBe(other.Verifier);
        one.Dispose();
        one.ExportText().ShouldEndWith(Convert.ToBase64String([1, .. new byte[32]]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a+b")]
    [InlineData("a\u2003b")]
    [InlineData("a\nb")]
    public void A_name_is_one_word_without_plus(string name) => Should.Throw<ArgumentException>(() => new VerifierKey(name, SignatureType.Ed25519, new byte[32]));
}
