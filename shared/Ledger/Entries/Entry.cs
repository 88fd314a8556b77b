using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace ConsentLedger.Ledger;

/// <summary>
/// What the ledger says of one event: commitments only, so that contents, envelopes and keys can all be destroyed while every proof stays valid.
/// <code>
/// "CLE1" | type u8 | stream 16 | version u64 | recorded_ms i64 | previous 32 | key 16 | facts 32 | sealed_hash 32 | sealed_commit 32 | length u16 | extension
/// </code>
/// Big-endian; 183 bytes and the extension. There is one encoding of each entry, and <see cref="TryDecode"/> takes no other.
/// </summary>
/// <param name="Version">The event's version within its stream, from 1.</param>
/// <param name="RecordedMs">Our clock, in milliseconds since 1970 (UTC), not negative.</param>
/// <param name="Previous">The leaf of the stream's previous entry; zero for version 1 and for no other.</param>
/// <param name="KeyId">The subject's key; empty where there was none. A sealed part and a <see cref="EntryType.KeyCreated"/> have one.</param>
/// <param name="Facts">The <see cref="FactsCommitment"/>.</param>
/// <param name="SealedHash">SHA-256 of the envelope; zero where nothing was sealed, and then so is <paramref name="SealedCommit"/>.</param>
/// <param name="SealedCommit">HMAC-SHA256 over the padded plaintext.</param>
/// <param name="Extension">Room for what a later version says; at most <see cref="MaxExtension"/> bytes.</param>
public readonly record struct Entry(
    EntryType Type, Guid Stream, long Version, long RecordedMs, Hash Previous, Guid KeyId, Hash Facts, Hash SealedHash, Hash SealedCommit, ReadOnlyMemory<byte> Extension = default)
{
    /// <summary>In bytes, without an extension.</summary>
    public const int MinLength = ExtensionStart;

    /// <summary>In bytes: a bundle gives the length of an entry in 16 bits.</summary>
    public const int MaxLength = ushort.MaxValue;

    /// <summary>In bytes.</summary>
    public const int MaxExtension = MaxLength - MinLength;

    private const int TypeAt = 4, StreamAt = 5, VersionAt = 21, RecordedAt = 29, PreviousAt = 37, KeyAt = 69, FactsAt = 85, SealedHashAt = 117, SealedCommitAt = 149, LengthAt = 181, ExtensionStart = 183;

    private static readonly LedgerFault
        BadLength = new("entry_length_invalid", $"An entry has {MinLength} bytes and its extension, no more and no less."),
        BadMagic = new("entry_format_unknown", "An entry begins with CLE1."),
        BadType = new("entry_type_unknown", "An entry's type is 1 to 6."),
        BadVersion = new("entry_version_invalid", "A stream's versions run from 1."),
        BadTime = new("entry_time_invalid", "An entry is recorded in 1970 or later."),
        BadLink = new("entry_link_invalid", "An entry has no previous leaf if and only if it is its stream's first."),
        BadSeal = new("entry_seal_invalid", "The hash and the commitment of a sealed part come together, and with the key it is sealed under."),
        BadKey = new("entry_key_missing", "An entry that creates a key names it.");

    private static ReadOnlySpan<byte> Magic => "CLE1"u8;

    /// <summary>In bytes.</summary>
    public int EncodedLength => MinLength + Extension.Length;

    /// <summary>Reads one entry that fills <paramref name="bytes"/>. Keeps nothing of them.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out Entry entry, [NotNullWhen(false)] out LedgerFault? fault)
    {
        entry = default;
        fault = bytes.Length < MinLength || bytes.Length != MinLength + BinaryPrimitives.ReadUInt16BigEndian(bytes[LengthAt..]) ? BadLength
            : !bytes.StartsWith(Magic) ? BadMagic
            : null;
        if (fault is not null) return false;

        var read = new Entry(
            (EntryType)bytes[TypeAt],
            new Guid(bytes.Slice(StreamAt, 16), bigEndian: true),
            BinaryPrimitives.ReadInt64BigEndian(bytes[VersionAt..]),
            BinaryPrimitives.ReadInt64BigEndian(bytes[RecordedAt..]),
            Hash.Of(bytes.Slice(PreviousAt, Hash.Length)),
            new Guid(bytes.Slice(KeyAt, 16), bigEndian: true),
            Hash.Of(bytes.Slice(FactsAt, Hash.Length)),
            Hash.Of(bytes.Slice(SealedHashAt, Hash.Length)),
            Hash.Of(bytes.Slice(SealedCommitAt, Hash.Length)),
            bytes.Length == MinLength ? default : bytes[ExtensionStart..].ToArray());
        fault = read.FindFault();
        if (fault is null) entry = read;
        return fault is null;
    }

    /// <summary>Writes <see cref="EncodedLength"/> bytes.</summary>
    /// <exception cref="ArgumentException">The entry is one that <see cref="TryDecode"/> would refuse, or there is no room for it.</exception>
    public void Encode(Span<byte> bytes)
    {
        if (FindFault() is { } fault) throw new ArgumentException(fault.Reason);
        if (bytes.Length < EncodedLength) throw new ArgumentException($"The entry takes {EncodedLength} bytes.", nameof(bytes));

        Magic.CopyTo(bytes);
        bytes[TypeAt] = (byte)Type;
        Stream.TryWriteBytes(bytes[StreamAt..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(bytes[VersionAt..], Version);
        BinaryPrimitives.WriteInt64BigEndian(bytes[RecordedAt..], RecordedMs);
        Previous.Bytes.CopyTo(bytes[PreviousAt..]);
        KeyId.TryWriteBytes(bytes[KeyAt..], bigEndian: true, out _);
        Facts.Bytes.CopyTo(bytes[FactsAt..]);
        SealedHash.Bytes.CopyTo(bytes[SealedHashAt..]);
        SealedCommit.Bytes.CopyTo(bytes[SealedCommitAt..]);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[LengthAt..], (ushort)Extension.Length);
        Extension.Span.CopyTo(bytes[ExtensionStart..]);
    }

    /// <inheritdoc cref="Encode(Span{byte})"/>
    public byte[] Encode()
    {
        var bytes = new byte[EncodedLength];
        Encode(bytes);
        return bytes;
    }

    public bool Equals(Entry other) =>
        (Type, Stream, Version, RecordedMs, KeyId) == (other.Type, other.Stream, other.Version, other.RecordedMs, other.KeyId)
        && Previous == other.Previous && Facts == other.Facts && SealedHash == other.SealedHash && SealedCommit == other.SealedCommit
        && Extension.Span.SequenceEqual(other.Extension.Span);

    public override int GetHashCode() => HashCode.Combine(Stream, Version, Facts);

    private LedgerFault? FindFault() =>
        Type is < EntryType.Event or > EntryType.Configuration ? BadType
        : Version < 1 ? BadVersion
        : RecordedMs < 0 ? BadTime
        : (Version == 1) != Previous.IsZero ? BadLink
        : SealedHash.IsZero != SealedCommit.IsZero || (!SealedHash.IsZero && KeyId == Guid.Empty) ? BadSeal
        : Type == EntryType.KeyCreated && KeyId == Guid.Empty ? BadKey
        : Extension.Length > MaxExtension ? BadLength
        : null;
}
