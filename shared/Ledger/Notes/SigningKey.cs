using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace ConsentLedger.Ledger;

/// <summary>A log's or a witness's private key; belongs to whoever holds it and is zeroed when they dispose it.</summary>
/// <remarks>In text <c>PRIVATE+KEY+name+id+base64(type | seed)</c>, the form that Go's note package keeps keys in.</remarks>
public sealed class SigningKey : IDisposable
{
    private const string Prefix = "PRIVATE+KEY+";

    // The text is never part of a message: it is the secret itself.
    private static readonly LedgerFault Malformed = new("signing_key_malformed", "A signing key is PRIVATE+KEY+name+id+base64 of its type and seed, and its id is the one of its public key.");

    private readonly byte[] _seed;

    /// <param name="seed">32 bytes of chance; copied.</param>
    /// <exception cref="ArgumentException">Not a key's name, or not 32 bytes.</exception>
    public SigningKey(string name, SignatureType type, ReadOnlySpan<byte> seed)
    {
        Verifier = new VerifierKey(name, type, Ed25519.PublicKeyOf(seed));
        _seed = seed.ToArray();
    }

    public VerifierKey Verifier { get; }

    public static SigningKey Generate(string name, SignatureType type)
    {
        Span<byte> seed = stackalloc byte[Ed25519.SeedLength];
        RandomNumberGenerator.Fill(seed);
        var key = new SigningKey(name, type, seed);
        CryptographicOperations.ZeroMemory(seed);
        return key;
    }

    public static bool TryParse(string text, [NotNullWhen(true)] out SigningKey? key, [NotNullWhen(false)] out LedgerFault? fault)
    {
        (key, fault) = (null, Malformed);
        if (!text.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        if (text[Prefix.Length..].Split('+', 3) is not [var name, var id, var material] || !KeyName.IsValid(name)) return false;
        if (StrictBase64.Decode(Encoding.UTF8.GetBytes(material)) is not { Length: 1 + Ed25519.SeedLength } bytes) return false;
        if ((SignatureType)bytes[0] is not (SignatureType.Ed25519 or SignatureType.CosignatureV1)) return false;

        var read = new SigningKey(name, (SignatureType)bytes[0], bytes.AsSpan(1));
        CryptographicOperations.ZeroMemory(bytes);
        if (VerifierKey.IdText(read.Verifier.Id) != id)
        {
            read.Dispose();
            return false;
        }

        (key, fault) = (read, null);
        return true;
    }

    /// <summary>The secret as text, for the file it is kept in.</summary>
    public string ExportText() => $"{Prefix}{Verifier.Name}+{VerifierKey.IdText(Verifier.Id)}+{Convert.ToBase64String([(byte)Verifier.Type, .. _seed])}";

    /// <summary>64 bytes (RFC 8032).</summary>
    internal byte[] SignBytes(ReadOnlySpan<byte> message) => Ed25519.Sign(_seed, message);

    public void Dispose() => CryptographicOperations.ZeroMemory(_seed);
}
