using System.Buffers.Binary;
using ConsentLedger.EventStore;
using ConsentLedger.Ledger;

namespace ConsentLedger.Vault;

/// <summary>The one entry of the ledger that an envelope belongs to. All of it is bound into the envelope, which therefore opens nowhere else.</summary>
/// <param name="Version">The event's version within its stream, from 1.</param>
/// <param name="KeyId">Names the subject's key, also after that is destroyed.</param>
public readonly record struct SealedPlace(EntryType EntryType, StreamId Stream, long Version, Guid KeyId)
{
    /// <summary>Separates this use of a subject's key from any other, for HKDF: <c>"cl/v1/event"|stream|version|key id</c>.</summary>
    internal byte[] KeyContext() => [.. "cl/v1/event"u8, .. Coordinates()];

    /// <summary>What the authentication tag covers beside the text: <c>"CLE1"|type|stream|version|key id</c>.</summary>
    internal byte[] AssociatedData() => [.. "CLE1"u8, (byte)EntryType, .. Coordinates()];

    private byte[] Coordinates()
    {
        var bytes = new byte[16 + 8 + 16];
        Stream.Value.TryWriteBytes(bytes, bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(16), Version);
        KeyId.TryWriteBytes(bytes.AsSpan(24), bigEndian: true, out _);
        return bytes;
    }
}
