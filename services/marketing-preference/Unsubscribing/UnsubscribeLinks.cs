using System.Buffers.Text;
using System.Security.Cryptography;

namespace ConsentLedger.MarketingPreference.Unsubscribing;

/// <summary>
/// Signs links and takes them back. A token is base64url of: version byte | key id 4 | what <see cref="UnsubscribeLink"/> writes | HMAC-SHA256 of all that,
/// truncated to 128 bits. It holds no address, and says its bearer may do one thing: leave.
/// </summary>
public sealed class UnsubscribeLinks
{
    /// <summary>Longer than a mail is likely to lie around unread. A way out that lapses early would be none.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(2 * 365);

    private const byte Version = 1;
    private const int KeyLength = 32;
    private const int KeyIdLength = 4;
    private const int SignatureLength = 16;
    private const int MaxTokenLength = 700;

    private readonly byte[] _key;
    private readonly byte[] _keyId;
    private readonly Uri _publicUrl;

    /// <param name="secret">32 bytes that only this service has.</param>
    /// <param name="publicUrl">Where people reach this service, over HTTPS.</param>
    public UnsubscribeLinks(ReadOnlySpan<byte> secret, Uri publicUrl)
    {
        if (secret.Length != KeyLength) throw new ArgumentException($"A key for links has {KeyLength} bytes.", nameof(secret));
        _key = Derive(secret, "consentledger/links/v1/signature"u8, KeyLength);
        _keyId = Derive(secret, "consentledger/links/v1/key-id"u8, KeyIdLength);
        _publicUrl = new Uri($"{publicUrl.AbsoluteUri.TrimEnd('/')}/u/");
    }

    public Uri AddressOf(UnsubscribeLink link) => new(_publicUrl, TokenOf(link));

    public string TokenOf(UnsubscribeLink link)
    {
        byte[] signed = [Version, .. _keyId, .. link.ToBytes()];
        return Base64Url.EncodeToString([.. signed, .. Sign(signed)]);
    }

    /// <summary>The link behind a token, or null for one that is forged, damaged or over.</summary>
    public UnsubscribeLink? Find(string token, DateTimeOffset now)
    {
        if (token.Length > MaxTokenLength || !Base64Url.IsValid(token)) return null;
        var bytes = Base64Url.DecodeFromChars(token);
        if (bytes.Length < 1 + KeyIdLength + SignatureLength) return null;

        var signed = bytes.AsSpan(..^SignatureLength);
        if (signed[0] != Version || !signed.Slice(1, KeyIdLength).SequenceEqual(_keyId)) return null;
        if (!CryptographicOperations.FixedTimeEquals(bytes.AsSpan(^SignatureLength..), Sign(signed))) return null;

        var link = UnsubscribeLink.FromBytes(signed[(1 + KeyIdLength)..]);
        return now < link.ExpiresAt ? link : null;
    }

    private byte[] Sign(ReadOnlySpan<byte> bytes) => HMACSHA256.HashData(_key, bytes)[..SignatureLength];

    private static byte[] Derive(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> use, int length)
    {
        var derived = new byte[length];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, derived, salt: [], use);
        return derived;
    }
}
