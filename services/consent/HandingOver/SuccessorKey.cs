using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Security.Cryptography;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.HandingOver;

/// <summary>The RSA key that a hand-over is wrapped for: strong enough for what it guards for good.</summary>
public static class SuccessorKey
{
    /// <summary>In bits. More than the upper bound only takes the service's time.</summary>
    private const int MinBits = 3072, MaxBits = 8192;

    private const string Label = "PUBLIC KEY";

    public static readonly Problem Refused = KnownProblems.Refused(
        "successor_key_invalid", "The key is one RSA public key in PEM (PUBLIC KEY, and never the private one), of 3072 to 8192 bits, with an exponent of 65537 or more.");

    /// <param name="hash">SHA-256 of the key in its one form, as the event has it.</param>
    public static bool TryRead(string pem, [NotNullWhen(true)] out RSA? key, [NotNullWhen(true)] out string? hash)
    {
        (key, hash) = (null, null);
        var rsa = RSA.Create();
        try
        {
            if (!TryImport(pem, rsa)) return false;
            hash = HashOf(rsa);
            (key, rsa) = (rsa, null);
            return true;
        }
        finally
        {
            rsa?.Dispose();
        }
    }

    public static string HashOf(RSA key) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))}";

    private static bool TryImport(string pem, RSA key)
    {
        if (!PemEncoding.TryFind(pem, out var fields) || pem[fields.Label] != Label || !pem[..fields.Location.Start].All(char.IsWhiteSpace) || !pem[fields.Location.End..].All(char.IsWhiteSpace)) return false;
        try
        {
            var der = Convert.FromBase64String(pem[fields.Base64Data]);
            key.ImportSubjectPublicKeyInfo(der, out var read);
            if (read != der.Length || key.KeySize is < MinBits or > MaxBits || !IsUsual(key.ExportParameters(includePrivateParameters: false))) return false;

            // What cannot wrap is no key, whatever its numbers are.
            key.Encrypt([0], RSAEncryptionPadding.OaepSHA256);
            return true;
        }
        catch (CryptographicException)
        {
            // Another algorithm's key, or none.
            return false;
        }
    }

    // NIST SP 800-56B asks for this bound.
    private static bool IsUsual(RSAParameters key) => new BigInteger(key.Exponent, isUnsigned: true, isBigEndian: true) >= 65537;
}
