using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ConsentLedger.ErasureOrchestrator.Processors;

/// <summary>
/// What proves that a call is ours, and a callback theirs: HMAC-SHA256 over id, time and body, as Standard Webhooks (standardwebhooks.com) has it, so that processors
/// verify it with a library that they have. The time is signed, and an old call is worth nothing to whoever recorded it.
/// </summary>
public static class WebhookSignature
{
    public const string IdHeader = "webhook-id", TimeHeader = "webhook-timestamp", SignatureHeader = "webhook-signature";

    /// <summary>Either side's clock may be off by so much.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    private const string Version = "v1,";

    public static string Sign(ReadOnlySpan<byte> key, string id, long unixSeconds, ReadOnlySpan<byte> body) => Version + Convert.ToBase64String(Mac(key, id, unixSeconds, body));

    /// <param name="signatures">One or several, with spaces between them: a secret may be on its way out.</param>
    public static bool Verifies(ReadOnlySpan<byte> key, string id, string time, string signatures, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        if (!long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || Math.Abs(now.ToUnixTimeSeconds() - seconds) > Tolerance.TotalSeconds) return false;
        var expected = Encoding.UTF8.GetBytes(Sign(key, id, seconds, body));
        var holds = false;
        foreach (var signature in signatures.Split(' ', 10)) holds |= CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(signature));
        return holds;
    }

    private static byte[] Mac(ReadOnlySpan<byte> key, string id, long unixSeconds, ReadOnlySpan<byte> body) =>
        HMACSHA256.HashData(key, (byte[])[.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{unixSeconds}.")), .. body]);
}
