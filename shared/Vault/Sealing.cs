using System.Security.Cryptography;

namespace ConsentLedger.Vault;

/// <summary>
/// Makes what is personal in one event unreadable without its subject's key: <c>envelope = 0x01 | salt 32 | ciphertext | tag 16</c>.
/// HKDF-SHA256 (RFC 5869) turns the subject's key and the salt into two keys for this one event, the first for AES-256-GCM, the second for the commitment.
/// </summary>
/// <remarks>GCM's nonce is zero, which is safe only because a pair of keys seals once: a salt is never used again.</remarks>
public static class Sealing
{
    public const int KeyLength = 32;

    /// <summary>The pair that one event was sealed with, in bytes: what opens it, then what its commitment was made with.</summary>
    public const int EventKeysLength = 2 * KeyLength;

    internal const int SaltLength = 32;

    private const byte Format = 0x01;
    private const int CiphertextStart = 1 + SaltLength;
    private const int TagLength = 16;

    private static ReadOnlySpan<byte> ZeroNonce => new byte[12];

    /// <summary>Seals under a fresh salt: the same text twice gives two envelopes that nobody can tell are the same.</summary>
    public static SealedPart Seal(ReadOnlySpan<byte> subjectKey, SealedPlace place, ReadOnlySpan<byte> personal)
    {
        Span<byte> salt = stackalloc byte[SaltLength];
        RandomNumberGenerator.Fill(salt);
        return Seal(subjectKey, place, personal, salt);
    }

    /// <summary>With a salt that the caller vouches never to pass again.</summary>
    internal static SealedPart Seal(ReadOnlySpan<byte> subjectKey, SealedPlace place, ReadOnlySpan<byte> personal, ReadOnlySpan<byte> salt)
    {
        var padded = Padding.Pad(personal);
        Span<byte> keys = stackalloc byte[EventKeysLength];
        try
        {
            var envelope = new byte[CiphertextStart + padded.Length + TagLength];
            envelope[0] = Format;
            salt.CopyTo(envelope.AsSpan(1, SaltLength));

            HKDF.DeriveKey(HashAlgorithmName.SHA256, subjectKey, keys, salt, place.KeyContext());
            using var gcm = new AesGcm(keys[..KeyLength], TagLength);
            gcm.Encrypt(ZeroNonce, padded, envelope.AsSpan(CiphertextStart, padded.Length), envelope.AsSpan(^TagLength..), place.AssociatedData());
            return new SealedPart(envelope, HMACSHA256.HashData(keys[KeyLength..], padded));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(keys);
            CryptographicOperations.ZeroMemory(padded);
        }
    }

    /// <summary>Opens what was sealed under this key at this very place.</summary>
    /// <exception cref="EnvelopeRefusedException">A bit is not as it was sealed, or key or place are others.</exception>
    public static byte[] Open(ReadOnlySpan<byte> subjectKey, SealedPlace place, ReadOnlySpan<byte> envelope) => OpenUnder(subjectKey, place, envelope, commitment: null);

    /// <summary>
    /// Opens, and checks the text against what the ledger committed to. GCM alone does not: who chooses the keys can make one ciphertext open to two texts.
    /// </summary>
    /// <inheritdoc cref="Open(ReadOnlySpan{byte}, SealedPlace, ReadOnlySpan{byte})"/>
    public static byte[] Open(ReadOnlySpan<byte> subjectKey, SealedPlace place, SealedPart part) => OpenUnder(subjectKey, place, part.Envelope, part.Commitment);

    /// <summary>Opens with one event's pair of keys, as an auditor does who was given no more, and checks the text against the commitment.</summary>
    /// <inheritdoc cref="Open(ReadOnlySpan{byte}, SealedPlace, ReadOnlySpan{byte})"/>
    public static byte[] OpenDisclosed(ReadOnlySpan<byte> eventKeys, SealedPlace place, SealedPart part)
    {
        if (eventKeys.Length != EventKeysLength) throw new EnvelopeRefusedException();
        CheckShape(part.Envelope);
        return OpenWith(eventKeys, place, part.Envelope, part.Commitment);
    }

    /// <summary>The pair of keys of the one event that this envelope is of. It opens no other, and does not lead back to the subject's key.</summary>
    /// <exception cref="EnvelopeRefusedException">It is no envelope.</exception>
    internal static byte[] EventKeys(ReadOnlySpan<byte> subjectKey, SealedPlace place, ReadOnlySpan<byte> envelope)
    {
        CheckShape(envelope);
        var keys = new byte[EventKeysLength];
        DeriveEventKeys(subjectKey, place, envelope, keys);
        return keys;
    }

    private static byte[] OpenUnder(ReadOnlySpan<byte> subjectKey, SealedPlace place, ReadOnlySpan<byte> envelope, byte[]? commitment)
    {
        CheckShape(envelope);
        Span<byte> keys = stackalloc byte[EventKeysLength];
        try
        {
            DeriveEventKeys(subjectKey, place, envelope, keys);
            return OpenWith(keys, place, envelope, commitment);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(keys);
        }
    }

    private static byte[] OpenWith(ReadOnlySpan<byte> keys, SealedPlace place, ReadOnlySpan<byte> envelope, byte[]? commitment)
    {
        var padded = new byte[envelope.Length - CiphertextStart - TagLength];
        try
        {
            using var gcm = new AesGcm(keys[..KeyLength], TagLength);
            gcm.Decrypt(ZeroNonce, envelope.Slice(CiphertextStart, padded.Length), envelope[^TagLength..], padded, place.AssociatedData());
            if (commitment is not null && !CryptographicOperations.FixedTimeEquals(commitment, HMACSHA256.HashData(keys[KeyLength..], padded)))
                throw new EnvelopeRefusedException();

            var length = Padding.TextLength(padded);
            return length >= 0 ? padded[..length] : throw new EnvelopeRefusedException();
        }
        catch (AuthenticationTagMismatchException mismatch)
        {
            throw new EnvelopeRefusedException(mismatch);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(padded);
        }
    }

    private static void CheckShape(ReadOnlySpan<byte> envelope)
    {
        if (envelope.Length < CiphertextStart + TagLength || envelope[0] != Format) throw new EnvelopeRefusedException();
    }

    private static void DeriveEventKeys(ReadOnlySpan<byte> subjectKey, SealedPlace place, ReadOnlySpan<byte> envelope, Span<byte> keys) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, subjectKey, keys, envelope.Slice(1, SaltLength), place.KeyContext());
}

/// <summary>What leaves the process of something personal.</summary>
/// <param name="Envelope">To be stored, and purgeable.</param>
/// <param name="Commitment">HMAC-SHA256 over the padded text: the ledger's <c>sealed_commit</c>, which stays.</param>
public sealed record SealedPart(byte[] Envelope, byte[] Commitment);

/// <summary>The envelope is not what was sealed under this key at this place. Says no more, and holds nothing of the text.</summary>
public sealed class EnvelopeRefusedException(Exception? inner = null) : Exception("The envelope does not open under this key at this place.", inner);
