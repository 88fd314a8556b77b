using FsCheck;
using FsCheck.Fluent;

namespace ConsentLedger.Ledger.Tests;

public sealed class EntryTests
{
    private static readonly Entry Granted = new(
        EntryType.Event, new Guid("0190163d-8694-739b-aea5-966c26f8ad91"), 2, 1_790_000_000_123, HashOf(0xA0), new Guid("0190163d-8694-739b-aea5-966c26f8ad92"),
        HashOf(0xB0), HashOf(0xC0), HashOf(0xD0), new byte[] { 0xEE, 0xEF });

    /// <summary>Written by hand from the format's description, so that a changed offset is seen.</summary>
    private const string GrantedHex =
        "434c4531" + "01" + "0190163d8694739baea5966c26f8ad91" + "0000000000000002" + "000001a0c4f4f07b"
        + "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0" + "0190163d8694739baea5966c26f8ad92"
        + "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0"
        + "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0"
        + "d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0" + "0002" + "eeef";

    private static readonly Arbitrary<Entry> Any = AnyEntry().ToArbitrary();

    [Fact]
    public void An_entry_is_these_bytes_and_no_others()
    {
        Convert.ToHexStringLower(Granted.Encode()).ShouldBe(GrantedHex.Replace("000001a0c4f4f07b", Granted.RecordedMs.ToString("x16", System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal));
        Granted.EncodedLength.ShouldBe(185);
        (Granted with { Extension = default }).EncodedLength.ShouldBe(183);
    }

    [Fact]
    public void What_is_encoded_is_decoded() => Properties.Hold(Any, entry =>
    {
        var bytes = entry.Encode();
        bytes.Length.ShouldBe(entry.EncodedLength);
        Entry.TryDecode(bytes, out var read, out _).ShouldBeTrue();
        (read == entry).ShouldBeTrue();
        read.GetHashCode().ShouldBe(entry.GetHashCode());
        read.Encode().ShouldBe(bytes);
    });

    [Fact]
    public void Any_bit_flipped_is_refused_or_another_entry_with_another_leaf() => Properties.Hold(Any, entry =>
    {
        var bytes = entry.Encode();
        var leaf = TreeHash.Leaf(bytes);
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            (TreeHash.Leaf(bytes) == leaf).ShouldBeFalse();
            if (Entry.TryDecode(bytes, out var read, out _)) (read == entry || !read.Encode().AsSpan().SequenceEqual(bytes)).ShouldBeFalse();

            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    });

    [Fact]
    public void Bytes_cut_or_continued_are_refused()
    {
        var bytes = Granted.Encode();
        for (var length = 0; length < bytes.Length; length++) FaultOf(bytes[..length]).ShouldBe("entry_length_invalid");
        FaultOf([.. bytes, 0]).ShouldBe("entry_length_invalid");
        FaultOf([.. bytes[..181], 0, 3, .. bytes[183..]]).ShouldBe("entry_length_invalid");

        // As long as 16 bits can say, and so too long for a bundle.
        FaultOf([.. bytes[..181], 0xFF, 0xFF, .. new byte[0xFFFF]]).ShouldBe("entry_length_invalid");
        FaultOf((Granted with { Extension = new byte[Entry.MaxExtension] }).Encode()).ShouldBeNull();
    }

    public static TheoryData<string, string> Refused => new()
    {
        { "type 0", "entry_type_unknown" },
        { "type 7", "entry_type_unknown" },
        { "version 0", "entry_version_invalid" },
        { "version -1", "entry_version_invalid" },
        { "before 1970", "entry_time_invalid" },
        { "first with a previous leaf", "entry_link_invalid" },
        { "second without one", "entry_link_invalid" },
        { "envelope without commitment", "entry_seal_invalid" },
        { "commitment without envelope", "entry_seal_invalid" },
        { "sealed without key", "entry_seal_invalid" },
        { "key created without key", "entry_key_missing" },
    };

    [Theory, MemberData(nameof(Refused))]
    public void What_cannot_be_is_neither_written_nor_read(string what, string code)
    {
        var (bytes, entry) = (Granted.Encode(), Granted);
        switch (what)
        {
            case "type 0": bytes[4] = 0; entry = Granted with { Type = 0 }; break;
            case "type 7": bytes[4] = 7; entry = Granted with { Type = (EntryType)7 }; break;
            case "version 0": bytes[28] = 0; entry = Granted with { Version = 0 }; break;
            case "version -1": bytes.AsSpan(21, 8).Fill(0xFF); entry = Granted with { Version = -1 }; break;
            case "before 1970": bytes[29] = 0x80; entry = Granted with { RecordedMs = -1 }; break;
            case "first with a previous leaf": bytes[28] = 1; entry = Granted with { Version = 1 }; break;
            case "second without one": bytes.AsSpan(37, 32).Clear(); entry = Granted with { Previous = Hash.Zero }; break;
            case "envelope without commitment": bytes.AsSpan(149, 32).Clear(); entry = Granted with { SealedCommit = Hash.Zero }; break;
            case "commitment without envelope": bytes.AsSpan(117, 32).Clear(); entry = Granted with { SealedHash = Hash.Zero }; break;
            case "sealed without key": bytes.AsSpan(69, 16).Clear(); entry = Granted with { KeyId = Guid.Empty }; break;
            default:
                entry = Granted with { Type = EntryType.KeyCreated, KeyId = Guid.Empty, SealedHash = Hash.Zero, SealedCommit = Hash.Zero };
                bytes[4] = (byte)EntryType.KeyCreated;
                bytes.AsSpan(69, 16).Clear();
                bytes.AsSpan(117, 64).Clear();
                break;
        }

        FaultOf(bytes).ShouldBe(code);
        Should.Throw<ArgumentException>(() => entry.Encode());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Another_format_is_refused(int at)
    {
        var bytes = Granted.Encode();
        bytes[at] ^= 1;
        FaultOf(bytes).ShouldBe("entry_format_unknown");
    }

    [Fact]
    public void There_has_to_be_room_for_an_entry() => Should.Throw<ArgumentException>(() => Granted.Encode(new byte[184]));

    private static string? FaultOf(byte[] bytes)
    {
        Entry.TryDecode(bytes, out var entry, out var fault).ShouldBe(fault is null);
        if (fault is not null) entry.ShouldBe(default);
        return fault?.Code;
    }

    private static Hash HashOf(byte octet) => Hash.Of(Enumerable.Repeat(octet, Hash.Length).ToArray());

    private static Gen<Entry> AnyEntry() =>
        from type in Gen.Elements(Enum.GetValues<EntryType>())
        from stream in AnyId()
        from version in Gen.Frequency((1, Gen.Constant(1L)), (3, Gen.Choose(2, int.MaxValue).Select(v => (long)v)), (1, Gen.Constant(long.MaxValue)))
        from recorded in Gen.Elements(0, 1, 1_790_000_000_123, long.MaxValue)
        from previous in AnyHash()
        from key in AnyId()
        from facts in AnyHash()
        from isSealed in Gen.Elements(true, false)
        from hash in AnyHash()
        from commit in AnyHash()
        from extension in Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf()
        select new Entry(
            type, stream, version, recorded, version == 1 ? Hash.Zero : previous, key, facts, isSealed ? hash : Hash.Zero, isSealed ? commit : Hash.Zero, extension);

    private static Gen<Guid> AnyId() => Octets(16).Select(b => new Guid(b));

    private static Gen<Hash> AnyHash() => Octets(Hash.Length).Select(b => Hash.Of(b));

    // Never all zero, which stands for "none".
    private static Gen<byte[]> Octets(int count) => Gen.Choose(1, 255).Select(b => (byte)b).ArrayOf(count);
}
