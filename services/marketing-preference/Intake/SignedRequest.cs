using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Intake;

/// <summary>What came signed, under a key that only the tenant's mail system and we have.</summary>
/// <param name="Id">The sender's, the same for each attempt to deliver it.</param>
public sealed record SignedRequest(TenantId Tenant, string Id, byte[] Body);

/// <summary>
/// Checks requests as Standard Webhooks signs them: <c>webhook-id</c>, <c>webhook-timestamp</c> in seconds, and <c>webhook-signature</c>, some of
/// <c>v1,</c>base64(HMAC-SHA256(key, id.timestamp.body)). The tenant is the one that <c>X-Tenant</c> names, and its key says whether that is so.
/// </summary>
public sealed class SignedRequests(IConfiguration configuration, TimeProvider clock)
{
    /// <summary>How far a sender's clock may be off, and for how long what was overheard could be said again.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int MaxIdLength = 200, MinKeyLength = 24;

    public static Problem SignatureInvalid { get; } = new(
        StatusCodes.Status401Unauthorized, "signature_invalid", "The request is not signed by a key of this tenant, or not within five minutes. It is not told which.");

    public async Task<SignedRequest?> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        var headers = request.Headers;
        if (headers[Caller.TenantHeader] is not [{ } name] || !TenantId.TryParse(name, out var tenant)
            || headers["webhook-id"] is not [{ Length: > 0 and <= MaxIdLength } id] || headers["webhook-timestamp"] is not [{ } stamp] || headers["webhook-signature"] is not [{ } signatures]
            || !long.TryParse(stamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || Math.Abs(clock.GetUtcNow().ToUnixTimeSeconds() - seconds) > Window.TotalSeconds
            || KeysOf(tenant).ToList() is not { Count: > 0 } keys)
            return null;

        // Only now: nobody's body is kept who cannot have signed it.
        var body = new MemoryStream();
        await request.Body.CopyToAsync(body, ct);
        return IsSigned(keys, Encoding.UTF8.GetBytes($"{id}.{stamp}."), body.ToArray(), signatures) ? new SignedRequest(tenant, id, body.ToArray()) : null;
    }

    private static bool IsSigned(IEnumerable<byte[]> keys, byte[] head, byte[] body, string signatures)
    {
        var expected = keys.Select(key => HMACSHA256.HashData(key, (byte[])[.. head, .. body])).ToList();
        return signatures.Split(' ').Where(s => s.StartsWith("v1,", StringComparison.Ordinal)).Any(given =>
        {
            var mac = new byte[HMACSHA256.HashSizeInBytes];
            return Convert.TryFromBase64String(given[3..], mac, out var length) && length == mac.Length && expected.Any(e => CryptographicOperations.FixedTimeEquals(e, mac));
        });
    }

    /// <summary>One key a line, so that one can follow the other; read each time, because requests are few and keys change without a restart. A tenant's name is a label and no path.</summary>
    private IEnumerable<byte[]> KeysOf(TenantId tenant)
    {
        if (configuration["Intake:KeysFolder"] is not { Length: > 0 } folder || Path.Combine(folder, $"{tenant}") is var file && !File.Exists(file)) yield break;
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException("A key file is guarded by its Unix file mode.");
        if ((File.GetUnixFileMode(file) & ~OwnerOnly) != 0) throw new InvalidOperationException($"{file} holds a key: only its owner may read or write it (chmod 600).");
        foreach (var line in File.ReadLines(file))
        {
            var key = new byte[line.Length];
            var text = line.Trim().StartsWith("whsec_", StringComparison.Ordinal) ? line.Trim()["whsec_".Length..] : line.Trim();
            if (Convert.TryFromBase64String(text, key, out var length) && length >= MinKeyLength) yield return key[..length];
        }
    }
}
