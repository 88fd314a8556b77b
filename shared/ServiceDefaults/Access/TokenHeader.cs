using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace ConsentLedger.ServiceDefaults;

/// <summary>What a token says about itself, checked before any key is touched (RFC 8725, section 3).</summary>
internal sealed record TokenHeader(string Algorithm, string KeyId)
{
    public const int MaxTokenBytes = 8192;
    private const int MaxKeyIdLength = 128;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 4, AllowDuplicateProperties = false };

    /// <summary>Null for whatever is not a compact JWS of an algorithm we allow that names its key.</summary>
    public static TokenHeader? Read(string token)
    {
        var parts = token.Split('.');
        if (token.Length > MaxTokenBytes || parts.Length != 3) return null;
        try
        {
            using var header = JsonDocument.Parse(Base64Url.DecodeFromUtf8(Encoding.UTF8.GetBytes(parts[0])), Strict);
            return header.RootElement.ValueKind == JsonValueKind.Object ? Read(header.RootElement) : null;
        }
        catch (Exception malformed) when (malformed is FormatException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static TokenHeader? Read(JsonElement header)
    {
        var isToken = !header.TryGetProperty("typ", out var typ)
            || (typ.ValueKind == JsonValueKind.String && typ.GetString()!.ToUpperInvariant() is "JWT" or "AT+JWT");

        return isToken
            // "crit" names extensions that must be understood. We understand none.
            && !header.TryGetProperty("crit", out _)
            && header.TryGetProperty("alg", out var alg) && alg.ValueKind == JsonValueKind.String
            && SigningKeys.Algorithms.Contains(alg.GetString()!)
            && header.TryGetProperty("kid", out var kid) && kid.ValueKind == JsonValueKind.String
            && kid.GetString() is { Length: > 0 and <= MaxKeyIdLength } keyId
                ? new TokenHeader(alg.GetString()!, keyId)
                : null;
    }
}
