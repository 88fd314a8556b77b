using System.Text;

namespace ConsentLedger.Ledger.Tests;

public sealed class Ed25519Tests
{
    /// <summary>RFC 8032, section 7.1, tests 1 to 3.</summary>
    [Theory]
    [InlineData("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    [InlineData("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    public void Signs_and_verifies_as_the_standard_says(string seed, string publicKey, string message, string signature)
    {
        var (seedBytes, key, text, expected) = (Convert.FromHexString(seed), Convert.FromHexString(publicKey), Convert.FromHexString(message), Convert.FromHexString(signature));
        Ed25519.PublicKeyOf(seedBytes).ShouldBe(key);
        Ed25519.Sign(seedBytes, text).ShouldBe(expected);
        Ed25519.Verify(key, text, expected).ShouldBeTrue();
        Ed25519.Verify(key, [.. text, 0], expected).ShouldBeFalse();
        for (var bit = 0; bit < expected.Length * 8; bit++)
        {
            byte[] bad = [.. expected];
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            Ed25519.Verify(key, text, bad).ShouldBeFalse();
        }
    }

    [Fact]
    public void What_has_another_length_verifies_nothing()
    {
        var seed = new byte[32];
        var (key, signature) = (Ed25519.PublicKeyOf(seed), Ed25519.Sign(seed, []));
        Ed25519.Verify(key, [], signature).ShouldBeTrue();
        Ed25519.Verify(key, [], signature.AsSpan(1)).ShouldBeFalse();
        Ed25519.Verify(key, [], [.. signature, 0]).ShouldBeFalse();
        Ed25519.Verify(key.AsSpan(1), [], signature).ShouldBeFalse();
        Ed25519.Verify([], [], []).ShouldBeFalse();
        Should.Throw<ArgumentException>(() => Ed25519.Sign(seed.AsSpan(1), []));
    }

    /// <summary>RFC 8032, section 5.1.7: s is below the group's order, or one signature would have a second form.</summary>
    [Fact]
    public void A_second_form_of_a_signature_is_refused()
    {
        var (seed, message) = (new byte[32], Encoding.UTF8.GetBytes("checkpoint"));
        var signature = Ed25519.Sign(seed, message);
        var order = System.Numerics.BigInteger.Pow(2, 252) + System.Numerics.BigInteger.Parse("27742317777372353535851937790883648493", System.Globalization.CultureInfo.InvariantCulture);
        var second = new byte[32];
        (new System.Numerics.BigInteger(signature.AsSpan(32), isUnsigned: true) + order).ToByteArray(isUnsigned: true).CopyTo(second, 0);
        Ed25519.Verify(Ed25519.PublicKeyOf(seed), message, [.. signature[..32], .. second]).ShouldBeFalse();
    }
}
