using System.Security.Cryptography;
using System.Text;
using ConsentLedger.EventStore;
using ConsentLedger.Ledger;

namespace ConsentLedger.Vault.Tests;

public sealed class SealingTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private static readonly SealedPlace Place = new(
        EntryType.Event, new StreamId(new Guid("00112233-4455-6677-8899-aabbccddeeff")), 7, new Guid("0f0e0d0c-0b0a-0908-0706-050403020100"));

    [Fact]
    public void What_is_sealed_opens_to_the_same_bytes_at_every_length()
    {
        for (var length = 0; length <= 1000; length++)
        {
            var text = Enumerable.Range(0, length).Select(i => (byte)(i * 7 + length)).ToArray();
            var part = Sealing.Seal(Key, Place, text);
            part.Envelope.Length.ShouldBe(1 + 32 + (length / 128 + 1) * 128 + 16);
            Sealing.Open(Key, Place, part).ShouldBe(text);
            Sealing.Open(Key, Place, part.Envelope).ShouldBe(text);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(200)]
    public void Every_flipped_bit_of_an_envelope_is_refused(int length)
    {
        var envelope = Sealing.Seal(Key, Place, new byte[length]).Envelope;
        for (var bit = 0; bit < envelope.Length * 8; bit++)
        {
            envelope[bit / 8] ^= (byte)(1 << bit % 8);
            IsRefused(Key, Place, envelope, $"bit {bit}");
            envelope[bit / 8] ^= (byte)(1 << bit % 8);
        }

        Sealing.Open(Key, Place, envelope).Length.ShouldBe(length);
    }

    [Fact]
    public void An_envelope_cut_short_or_grown_is_refused()
    {
        var envelope = Sealing.Seal(Key, Place, new byte[200]).Envelope;
        for (var length = 0; length < envelope.Length; length++) IsRefused(Key, Place, envelope[..length], $"{length} bytes");
        IsRefused(Key, Place, [.. envelope, 0], "one byte more");
        IsRefused(Key, Place, [.. envelope, .. new byte[128]], "one step more");
    }

    [Fact]
    public void An_envelope_opens_at_its_own_place_only()
    {
        var envelope = Sealing.Seal(Key, Place, "192.0.2.1"u8).Envelope;
        IsRefused(Key, Place with { Stream = new StreamId(new Guid("00112233-4455-6677-8899-aabbccddeefe")) }, envelope, "another stream");
        IsRefused(Key, Place with { Version = 8 }, envelope, "another version");
        IsRefused(Key, Place with { KeyId = Guid.Empty }, envelope, "another key id");
        IsRefused(Key, Place with { EntryType = EntryType.ErasureRequested }, envelope, "another type of entry");
        IsRefused([.. Key[..31], 0], Place, envelope, "another key");
    }

    [Fact]
    public void A_commitment_that_is_not_this_envelopes_is_refused()
    {
        var (part, other) = (Sealing.Seal(Key, Place, "one"u8), Sealing.Seal(Key, Place, "one"u8));
        Should.Throw<EnvelopeRefusedException>(() => Sealing.Open(Key, Place, part with { Commitment = other.Commitment }));
        Should.Throw<EnvelopeRefusedException>(() => Sealing.Open(Key, Place, part with { Commitment = [] }));
        Sealing.Open(Key, Place, part).ShouldBe("one"u8.ToArray());
    }

    [Fact]
    public void The_same_text_twice_shares_neither_salt_nor_ciphertext_nor_commitment()
    {
        var (one, two) = (Sealing.Seal(Key, Place, "same"u8), Sealing.Seal(Key, Place, "same"u8));
        one.Envelope[1..33].ShouldNotBe(two.Envelope[1..33]);
        one.Envelope[33..161].ShouldNotBe(two.Envelope[33..161]);
        one.Commitment.ShouldNotBe(two.Commitment);
    }

    /// <summary>Expected values computed with Node.js's crypto module, from the words of the format alone.</summary>
    [Fact]
    public void The_format_is_the_one_that_others_compute()
    {
        byte[] salt = [.. Enumerable.Range(0xa0, 32).Select(i => (byte)i)];
        var part = Sealing.Seal(Key, Place, """{"ip":"192.0.2.1"}"""u8, salt);
        part.Envelope[0].ShouldBe((byte)1);
        part.Envelope[1..33].ShouldBe(salt);
        Convert.ToHexStringLower(part.Envelope[^16..]).ShouldBe("4d86d86322d1d3f5140d5852508650f0");
        Convert.ToHexStringLower(SHA256.HashData(part.Envelope)).ShouldBe("4186ce1693e1941f2a6027d276b61dc3aade1c7177f6053ca86601d404ab5df7");
        Convert.ToHexStringLower(part.Commitment).ShouldBe("09b026edabb5357bfc781ef15c73b797d98fbb6673497349df51519ae6675833");
    }

    [Fact]
    public void Nothing_of_the_text_is_in_what_leaves()
    {
        var canary = "canary@personal.example";
        var part = Sealing.Seal(Key, Place, Encoding.UTF8.GetBytes(canary));
        Encoding.Latin1.GetString([.. part.Envelope, .. part.Commitment]).ShouldNotContain(canary);
        Should.Throw<EnvelopeRefusedException>(() => Sealing.Open(Key, Place with { Version = 1 }, part)).ToString().ShouldNotContain(canary);
    }

    private static void IsRefused(byte[] key, SealedPlace place, byte[] envelope, string why) =>
        Should.Throw<EnvelopeRefusedException>(() => Sealing.Open(key, place, envelope), why);
}
