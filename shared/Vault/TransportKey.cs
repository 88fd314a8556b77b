using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using ConsentLedger.EventStore;

namespace ConsentLedger.Vault;

/// <summary>
/// Under which a tenant's keys travel to whoever takes the tenant over: 32 bytes made for one journey, wrapped for the successor's RSA key. Each subject's key is wrapped under
/// it (AES-KWP) with whose it is (<see cref="BoundKey"/>), and a MAC over all that travels is made with another one derived from it.
/// </summary>
public sealed class TransportKey : IDisposable
{
    /// <summary>How this key is wrapped, how it wraps others, and the MAC that is made with it.</summary>
    public const string Wrapping = "RSA-OAEP-SHA256", KeyWrapping = "AES-256-KWP", Mac = "HMAC-SHA256";

    private readonly byte[] _key;

    private TransportKey(byte[] key) => _key = key;

    public static TransportKey Create() => new(RandomNumberGenerator.GetBytes(Sealing.KeyLength));

    /// <summary>What <see cref="WrapFor"/> made, with the successor's private key.</summary>
    public static bool TryOpen(RSA successor, byte[] wrapped, [NotNullWhen(true)] out TransportKey? key)
    {
        key = null;
        try
        {
            var opened = successor.Decrypt(wrapped, RSAEncryptionPadding.OaepSHA256);
            if (opened.Length == Sealing.KeyLength) key = new TransportKey(opened);
        }
        catch (CryptographicException)
        {
            // Another's key, or not the bytes that were wrapped: which of them, nobody can tell.
            return false;
        }

        return key is not null;
    }

    public byte[] WrapFor(RSA successor) => successor.Encrypt(_key, RSAEncryptionPadding.OaepSHA256);

    public byte[] Wrap(SubjectKey subject)
    {
        var bound = subject.Bound();
        try
        {
            return FileKek.Wrap(_key, bound);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bound);
        }
    }

    /// <summary>The subject's key; false where the bytes are damaged, or were wrapped for somebody else or under another id.</summary>
    public bool TryUnwrap(byte[] wrapped, StreamKey subject, Guid keyId, [NotNullWhen(true)] out SubjectKey? key)
    {
        key = null;
        try
        {
            key = new SubjectKey(subject, keyId, BoundKey.Part(FileKek.Unwrap(_key, wrapped), subject, keyId));
            return true;
        }
        catch (Exception damaged) when (damaged is CryptographicException or ArgumentException or VaultUnavailableException)
        {
            // ArgumentException is what the framework says to a length that no wrapped key has.
            return false;
        }
    }

    /// <summary>Takes in whatever travels, byte by byte: HMAC-SHA256 under <c>HKDF-SHA256(this key, "cl/v1/hand-over", 32)</c>.</summary>
    public IncrementalHash NewMac()
    {
        Span<byte> key = stackalloc byte[Sealing.KeyLength];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, key, salt: [], "cl/v1/hand-over"u8);
        try
        {
            return IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_key);
}
