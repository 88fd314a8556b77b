using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace ConsentLedger.MarketingPreference.Links;

/// <summary>
/// Signs what a link stands for and takes it back. A token is base64url of: version byte | key id 4 | what the link writes | HMAC-SHA256 of all that, truncated to
/// 128 bits. Each use of links has keys of its own, so that a link of one use is none of another. The first of several secrets signs; what an earlier one signed is found by its key id.
/// </summary>
public sealed class LinkSigner
{
    private const byte Version = 1;
    private const int KeyLength = 32;
    private const int KeyIdLength = 4;
    private const int SignatureLength = 16;
    private const int MaxTokenLength = 700;

    private readonly (byte[] Id, byte[] Key)[] _keys;
    private readonly byte[] _formKey;

    /// <param name="secrets">Of 32 bytes each, which only this service has.</param>
    /// <param name="use">What the links are for.</param>
    public LinkSigner(ReadOnlySpan<byte> secrets, string use)
    {
        if (secrets.IsEmpty || secrets.Length % KeyLength != 0) throw new ArgumentException($"Keys for links have {KeyLength} bytes each.", nameof(secrets));
        _formKey = Derive(secrets[..KeyLength], $"consentledger/{use}/v1/form", KeyLength);
        _keys = new (byte[], byte[])[secrets.Length / KeyLength];
        for (var i = 0; i < _keys.Length; i++)
        {
            var secret = secrets.Slice(i * KeyLength, KeyLength);
            _keys[i] = (Derive(secret, $"consentledger/{use}/v1/key-id", KeyIdLength), Derive(secret, $"consentledger/{use}/v1/signature", KeyLength));
        }
    }

    /// <summary>The one that signs. What leads to more than one way out is not opened by any other: whoever knew an earlier one would be everybody.</summary>
    public static ReadOnlySpan<byte> First(ReadOnlySpan<byte> secrets) => secrets.Length > KeyLength ? secrets[..KeyLength] : secrets;

    public string TokenOf(ReadOnlySpan<byte> link)
    {
        Span<byte> token = stackalloc byte[1 + KeyIdLength + link.Length + SignatureLength];
        token[0] = Version;
        _keys[0].Id.CopyTo(token[1..]);
        link.CopyTo(token[(1 + KeyIdLength)..]);
        Sign(_keys[0].Key, token[..^SignatureLength], token[^SignatureLength..]);
        return Base64Url.EncodeToString(token);
    }

    /// <summary>What was signed, or null for what is forged or damaged. Whether the link is over is in what was signed.</summary>
    public byte[]? Find(string token)
    {
        if (token.Length > MaxTokenLength || !Base64Url.IsValid(token)) return null;
        var bytes = Base64Url.DecodeFromChars(token);
        if (bytes.Length < 1 + KeyIdLength + SignatureLength) return null;

        var signed = bytes.AsSpan(..^SignatureLength);
        if (signed[0] != Version) return null;
        Span<byte> signature = stackalloc byte[SignatureLength];
        foreach (var (id, key) in _keys)
        {
            if (!signed.Slice(1, KeyIdLength).SequenceEqual(id)) continue;
            Sign(key, signed, signature);
            if (CryptographicOperations.FixedTimeEquals(bytes.AsSpan(^SignatureLength..), signature)) return signed[(1 + KeyIdLength)..].ToArray();
        }

        return null;
    }

    /// <summary>What a form on a page behind this link carries, and only a page of ours can write: another site's form has none.</summary>
    /// <param name="about">What the form may do, where that is less than all the link may.</param>
    public string ProofOf(string token, string about = "") => Base64Url.EncodeToString(HMACSHA256.HashData(_formKey, Encoding.UTF8.GetBytes($"{token} {about}")).AsSpan(..SignatureLength));

    public bool Proves(string? proof, string token, string about = "") =>
        proof is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(proof), Encoding.UTF8.GetBytes(ProofOf(token, about)));

    private static void Sign(byte[] key, ReadOnlySpan<byte> bytes, Span<byte> signature)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, bytes, whole);
        whole[..SignatureLength].CopyTo(signature);
    }

    private static byte[] Derive(ReadOnlySpan<byte> secret, string use, int length)
    {
        var derived = new byte[length];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, derived, salt: [], Encoding.UTF8.GetBytes(use));
        return derived;
    }
}
