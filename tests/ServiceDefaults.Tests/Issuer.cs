using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ConsentLedger.ServiceDefaults.Tests;

/// <summary>An issuer of tokens made from the RFCs alone, so that it can also make the forged ones.</summary>
internal sealed class Issuer : IDisposable
{
    public const string Name = "https://issuer.test";
    public const string Audience = "consentledger";
    public const string RsaKeyId = "rsa-1";
    public const string EcKeyId = "ec-1";

    private readonly RSA _rsa = RSA.Create(2048);
    private readonly ECDsa _ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public byte[] PublicKeyPem => Encoding.ASCII.GetBytes(_rsa.ExportSubjectPublicKeyInfoPem());

    public byte[] PublicKeyDer => _rsa.ExportSubjectPublicKeyInfo();

    public byte[] Modulus => _rsa.ExportParameters(false).Modulus!;

    public void Dispose()
    {
        _rsa.Dispose();
        _ec.Dispose();
    }

    public JsonObject KeySet(string rsaKeyId = RsaKeyId)
    {
        var rsa = _rsa.ExportParameters(false);
        var ec = _ec.ExportParameters(false);
        return new JsonObject
        {
            ["keys"] = new JsonArray(
                new JsonObject { ["kty"] = "RSA", ["kid"] = rsaKeyId, ["use"] = "sig", ["n"] = Text(rsa.Modulus!), ["e"] = Text(rsa.Exponent!) },
                new JsonObject { ["kty"] = "EC", ["kid"] = EcKeyId, ["crv"] = "P-256", ["x"] = Text(ec.Q.X!), ["y"] = Text(ec.Q.Y!) }),
        };
    }

    /// <summary>The claims of a good token; each test spoils one.</summary>
    public static JsonObject Claims(string tenant = "assutech", string scope = "notes:write notes:read", string client = "backend")
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        return new JsonObject
        {
            ["iss"] = Name,
            ["aud"] = Audience,
            ["sub"] = client,
            ["tenant"] = tenant,
            ["scope"] = scope,
            ["iat"] = now,
            ["nbf"] = now,
            ["exp"] = now + 600,
        };
    }

    public static JsonObject Header(string algorithm = "RS256", string keyId = RsaKeyId) => new() { ["alg"] = algorithm, ["typ"] = "JWT", ["kid"] = keyId };

    public string Token(JsonObject? claims = null, JsonObject? header = null)
    {
        header ??= Header();
        var signed = $"{Text(header)}.{Text(claims ?? Claims())}";
        return $"{signed}.{Text(Sign((string?)header["alg"], Encoding.ASCII.GetBytes(signed)))}";
    }

    public static string Unsigned(JsonObject header, JsonObject claims) => $"{Text(header)}.{Text(claims)}.";

    /// <summary>Signed as if a public key were a shared secret.</summary>
    public static string Hs256(byte[] secret, JsonObject claims)
    {
        var signed = $"{Text(Header("HS256"))}.{Text(claims)}";
        return $"{signed}.{Text(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(signed)))}";
    }

    public static string Text(JsonObject json) => Text(JsonSerializer.SerializeToUtf8Bytes(json));

    private static string Text(byte[] bytes) => Base64Url.EncodeToString(bytes);

    private byte[] Sign(string? algorithm, byte[] data) => algorithm switch
    {
        "ES256" => _ec.SignData(data, HashAlgorithmName.SHA256),
        "PS256" => _rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
        "RS512" => _rsa.SignData(data, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1),
        _ => _rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
    };
}
