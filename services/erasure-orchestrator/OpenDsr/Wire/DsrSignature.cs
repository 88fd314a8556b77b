using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;

/// <summary>
/// The signature of a body, byte for byte as it went over the wire: RSASSA-PKCS1-v1_5 with SHA-256 (FIPS 186-4), in base64. It is verified before anybody parses
/// a byte of what it covers.
/// </summary>
public static class DsrSignature
{
    public const int MinKeyBits = 2048;

    private const int MaxSignatureChars = 2048;

    public static string Sign(RSA key, ReadOnlySpan<byte> body) => Convert.ToBase64String(key.SignData(body, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    /// <summary>False also for a key that is not RSA or too short, and for base64 written otherwise than <see cref="Sign"/> writes it.</summary>
    public static bool Verifies(X509Certificate2 certificate, ReadOnlySpan<byte> body, string signature)
    {
        using var key = certificate.GetRSAPublicKey();
        if (key is null || key.KeySize < MinKeyBits || signature.Length > MaxSignatureChars || signature.AsSpan().ContainsAny(WhiteSpace)) return false;
        var text = Encoding.UTF8.GetBytes(signature);
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        return Base64.DecodeFromUtf8(text, bytes, out _, out var written) == OperationStatus.Done && key.VerifyData(body, bytes.AsSpan(0, written), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    private static readonly SearchValues<char> WhiteSpace = SearchValues.Create(" \t\r\n");
}
