using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace ConsentLedger.MarketingPreference.Links;

/// <summary>
/// Signs what a link stands for and takes it back. A token is base64url of: version byte | key id 4 | what the link writes | HMAC-SHA256 of all that, truncated to
/// 128 bits. Each use of links has keys of its own, so that a link of one use is none of another.
/// </summary>
public sealed class LinkSigner
{
    private const byte Version = 1;
    private const int KeyLength = 32;
    private const int KeyIdLength = 4;
    private const int SignatureLength = 16;
    private const int MaxTokenLength = 700;

    private readonly byte[] _key;
    private readonly byte[] _keyId;
    private readonly byte[] _formKey;

    /// <param name="secret">32 bytes that only this service has.</param>
    /// <param name="use">What the links are for.</param>
    public LinkSigner(ReadOnlySpan<byte> secret, string use)
    {
        if (secret.Length != KeyLength) throw new ArgumentException($"A key for links has {KeyLength} bytes.", nameof(secret));
        _key = Derive(secret, $"consentledger/{use}/v1/signature", KeyLength);
        _keyId = Derive(secret, $"consentledger/{use}/v1/key-id", KeyIdLength);
        _formKey = Derive(secret, $"consentledger/{use}/v1/form", KeyLength);
    }

    public string TokenOf(ReadOnlySpan<byte> link)
    {
        Span<byte> token = stackalloc byte[1 + KeyIdLength + link.Length + SignatureLength];
        token[0] = Version;
        _keyId.CopyTo(token[1..]);
        link.CopyTo(token[(1 + KeyIdLength)..]);
        Sign(token[..^SignatureLength], token[^SignatureLength..]);
        return Base64Url.EncodeToString(token);
    }

    /// <summary>What was signed, or null for what is forged or damaged. Whether the link is over is in what was signed.</summary>
    public byte[]? Find(string token)
    {
        if (token.Length > MaxTokenLength || !Base64Url.IsValid(token)) return null;
        var bytes = Base64Url.DecodeFromChars(token);
        if (bytes.Length < 1 + KeyIdLength + SignatureLength) return null;

        var signed = bytes.AsSpan(..^SignatureLength);
        if (signed[0] != Version || !signed.Slice(1, KeyIdLength).SequenceEqual(_keyId)) return null;
        Span<byte> signature = stackalloc byte[SignatureLength];
        Sign(signed, signature);
        return CryptographicOperations.FixedTimeEquals(bytes.AsSpan(^SignatureLength..), signature) ? signed[(1 + KeyIdLength)..].ToArray() : null;
    }

    /// <summary>What a form on a page behind this link carries, and only a page of ours can write: another site's form has none.</summary>
    /// <param name="about">What the form may do, where that is less than all the link may.</param>
    public string ProofOf(string token, string about = "") => Base64Url.EncodeToString(HMACSHA256.HashData(_formKey, Encoding.UTF8.GetBytes($"{token} {about}")).AsSpan(..SignatureLength));

    public bool Proves(string? proof, string token, string about = "") =>
        proof is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(proof), Encoding.UTF8.GetBytes(ProofOf(token, about)));

    private void Sign(ReadOnlySpan<byte> bytes, Span<byte> signature)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, bytes, whole);
        whole[..SignatureLength].CopyTo(signature);
    }

    private static byte[] Derive(ReadOnlySpan<byte> secret, string use, int length)
    {
        var derived = new byte[length];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, derived, salt: [], Encoding.UTF8.GetBytes(use));
        return derived;
    }
}
