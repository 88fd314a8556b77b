using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ConsentLedger.EventStore;

namespace ConsentLedger.Vault;

/// <summary>
/// What is wrapped for a subject: <c>key 32 | SHA-256("cl/v1/dek"|tenant length u32|tenant|stream|key id)</c>. Key wrapping (RFC 5649) authenticates
/// nothing beside the bytes themselves, so without the second half a row's key could be put into another person's row and would open there.
/// </summary>
internal static class BoundKey
{
    private const int Length = Sealing.KeyLength + SHA256.HashSizeInBytes;

    public static byte[] Join(ReadOnlySpan<byte> key, StreamKey subject, Guid keyId) => [.. key, .. OwnerOf(subject, keyId)];

    /// <summary>The key. <paramref name="bound"/> is zeroed.</summary>
    /// <exception cref="VaultUnavailableException">It was wrapped for somebody else, or under another id.</exception>
    public static byte[] Part(byte[] bound, StreamKey subject, Guid keyId)
    {
        try
        {
            return bound.Length == Length && bound.AsSpan(Sealing.KeyLength).SequenceEqual(OwnerOf(subject, keyId))
                ? bound[..Sealing.KeyLength]
                : throw new VaultUnavailableException("A wrapped key is not in its own row: it was made for another subject, or under another id.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bound);
        }
    }

    private static byte[] OwnerOf(StreamKey subject, Guid keyId)
    {
        var tenant = Encoding.UTF8.GetBytes(subject.Tenant.ToString());
        var length = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(length, (uint)tenant.Length);
        return SHA256.HashData([.. "cl/v1/dek"u8, .. length, .. tenant, .. subject.Id.Value.ToByteArray(bigEndian: true), .. keyId.ToByteArray(bigEndian: true)]);
    }
}
