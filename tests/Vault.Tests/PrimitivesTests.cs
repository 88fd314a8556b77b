using System.Security.Cryptography;

namespace ConsentLedger.Vault.Tests;

/// <summary>The framework's primitives, held to the answers of the RFCs that the formats name.</summary>
public sealed class PrimitivesTests
{
    /// <summary>RFC 5869, A.1.</summary>
    [Fact]
    public void Hkdf_derives_what_RFC_5869_says()
    {
        var okm = HKDF.DeriveKey(
            HashAlgorithmName.SHA256, Enumerable.Repeat((byte)0x0b, 22).ToArray(), 42, Hex("000102030405060708090a0b0c"), Hex("f0f1f2f3f4f5f6f7f8f9"));
        okm.ShouldBe(Hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"));
    }

    /// <summary>RFC 5649, section 6: a key of 20 bytes and one of 7.</summary>
    [Theory]
    [InlineData("c37b7e6492584340bed12207808941155068f738", "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a")]
    [InlineData("466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f")]
    public void Keys_wrap_to_what_RFC_5649_says(string key, string wrapped)
    {
        var kek = Hex("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8");
        FileKek.Wrap(kek, Hex(key)).ShouldBe(Hex(wrapped));
        FileKek.Unwrap(kek, Hex(wrapped)).ShouldBe(Hex(key));
    }

    private static byte[] Hex(string hex) => Convert.FromHexString(hex);
}
