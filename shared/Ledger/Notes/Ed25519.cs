using System.Security.Cryptography;

namespace ConsentLedger.Ledger;

/// <summary>Ed25519 signatures (RFC 8032, section 5.1), by the machine's OpenSSL: .NET 10 has none.</summary>
/// <remarks>Every method throws <see cref="PlatformNotSupportedException"/> where OpenSSL 3 is not installed.</remarks>
public static class Ed25519
{
    /// <summary>In bytes.</summary>
    public const int SeedLength = 32, PublicKeyLength = 32, SignatureLength = 64;

    public static byte[] PublicKeyOf(ReadOnlySpan<byte> seed)
    {
        using var key = PrivateKey(seed);
        var publicKey = new byte[PublicKeyLength];
        nuint length = PublicKeyLength;
        Demand(OpenSsl.GetPublicKey(key, publicKey, ref length));
        return publicKey;
    }

    public static byte[] Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> message)
    {
        using var key = PrivateKey(seed);
        using var context = OpenSsl.NewContext();
        Demand(OpenSsl.BeginSigning(context, 0, 0, 0, key));
        var signature = new byte[SignatureLength];
        nuint length = SignatureLength;
        Demand(OpenSsl.Sign(context, signature, ref length, message, (nuint)message.Length));
        return signature;
    }

    /// <summary>False also for a signature or key of another length.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != PublicKeyLength || signature.Length != SignatureLength) return false;
        using var key = Found(publicKey, static bytes => OpenSsl.NewPublicKey(OpenSsl.Ed25519, 0, bytes, PublicKeyLength));
        using var context = OpenSsl.NewContext();
        Demand(OpenSsl.BeginVerifying(context, 0, 0, 0, key));
        if (OpenSsl.Verify(context, signature, SignatureLength, message, (nuint)message.Length) == 1) return true;
        OpenSsl.ClearErrors();
        return false;
    }

    private static OpenSsl.Key PrivateKey(ReadOnlySpan<byte> seed) => seed.Length == SeedLength
        ? Found(seed, static bytes => OpenSsl.NewPrivateKey(OpenSsl.Ed25519, 0, bytes, SeedLength))
        : throw new ArgumentException($"A seed has {SeedLength} bytes, not {seed.Length}.", nameof(seed));

    /// <summary>The first call into the library, which finds out whether there is one.</summary>
    private static OpenSsl.Key Found(ReadOnlySpan<byte> bytes, Func<ReadOnlySpan<byte>, OpenSsl.Key> create)
    {
        try
        {
            var key = create(bytes);
            Demand(key.IsInvalid ? 0 : 1);
            return key;
        }
        catch (Exception missing) when (missing is DllNotFoundException or EntryPointNotFoundException)
        {
            throw new PlatformNotSupportedException("Signatures need OpenSSL 3 (libcrypto.so.3) on this machine; on Debian: apt-get install libssl3.", missing);
        }
    }

    private static void Demand(int answer)
    {
        if (answer == 1) return;
        OpenSsl.ClearErrors();
        throw new CryptographicException("OpenSSL refused an Ed25519 operation.");
    }
}
