using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ConsentLedger.Support;

/// <summary>An authority that services under test trust: one RSA key, its key set in a file, and tokens for any role.</summary>
public sealed class Issuer : IDisposable
{
    public const string Name = "https://tests.consentledger";
    public const string Audience = "consentledger";

    public static readonly IReadOnlyDictionary<string, string> ScopesOfRole = new Dictionary<string, string>
    {
        ["backend"] = "consent:write consent:read consent:decide preferences:link preferences:session",
        ["email"] = "send:decide consent:decide audience:read preferences:read preferences:follow preferences:link address:read address:write",
        ["auditor"] = "consent:read consent:audit consent:disclose preferences:read policy:read erasure:read ledger:audit",
        ["auditor-without-disclosure"] = "consent:audit",
        ["privacy"] = "erasure:request erasure:read consent:read subject:find erasure:decide erasure:hold",
        ["operator"] = "policy:publish policy:read consent:import preferences:import erasure:configure",
        ["hand-over"] = "consent:hand-over ledger:audit",
        ["marketing-preference"] = "consent:read consent:write consent:decide consent:audit erasure:request erasure:read",
        ["erasure-orchestrator"] = "consent:read consent:write consent:audit consent:disclose consent:addresses subject:find preferences:audit",
        ["controller"] = "erasure:request erasure:read erasure:results",
        ["instructor"] = "erasure:instruct erasure:read",
    };

    private readonly RSA _key = RSA.Create(2048);

    /// <param name="folder">Where the key set is written.</param>
    public Issuer(string folder)
    {
        JwksFile = Path.Combine(folder, "jwks.json");
        var key = _key.ExportParameters(false);
        File.WriteAllText(JwksFile, JsonSerializer.Serialize(new
        {
            keys = new[] { new { kty = "RSA", use = "sig", alg = "RS256", kid = "test", n = Base64Url(key.Modulus!), e = Base64Url(key.Exponent!) } },
        }));
    }

    public string JwksFile { get; }

    /// <param name="tenant">A tenant, or <c>*</c> for a service.</param>
    /// <param name="client">Who the token says it was issued to, where that is not one of the role.</param>
    public string Token(string tenant, string role, TimeSpan? age = null, string? client = null)
    {
        var issued = TimeProvider.System.GetUtcNow() - (age ?? TimeSpan.Zero);
        var claims = new Dictionary<string, object>
        {
            ["iss"] = Name,
            ["aud"] = Audience,
            ["sub"] = client ?? $"{tenant}-{role}".Replace('*', 'x'),
            ["tenant"] = tenant,
            ["scope"] = ScopesOfRole[role],
            ["iat"] = issued.ToUnixTimeSeconds(),
            ["nbf"] = issued.ToUnixTimeSeconds(),
            ["exp"] = issued.AddHours(1).ToUnixTimeSeconds(),
        };
        var signed = $"{Base64Url("""{"alg":"RS256","typ":"JWT","kid":"test"}"""u8)}.{Base64Url(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        return $"{signed}.{Base64Url(_key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    public void Dispose() => _key.Dispose();

    private static string Base64Url(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
