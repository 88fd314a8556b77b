using System.Text;

namespace ConsentLedger.ErasureOrchestrator.Processors;

/// <summary>The secrets that the register names: <c>Processors:Secrets:&lt;tenant&gt;:&lt;name&gt;</c>, best as a file (<c>Secrets:Folder</c>).</summary>
public sealed class ProcessorSecrets(IConfiguration configuration)
{
    private const string Prefix = "whsec_";

    /// <summary>Null where the register names none or the service was given none of this name.</summary>
    public string? Find(TenantId tenant, string? name) =>
        name is { Length: > 0 } && configuration[$"Processors:Secrets:{tenant}:{name}"] is { Length: > 0 } secret ? secret.Trim() : null;

    /// <summary>The bytes to sign with: base64 after <c>whsec_</c>, as webhook libraries write secrets, or else the text as it is.</summary>
    public static byte[] KeyOf(string secret)
    {
        if (!secret.StartsWith(Prefix, StringComparison.Ordinal)) return Encoding.UTF8.GetBytes(secret);
        var bytes = new byte[secret.Length];
        return Convert.TryFromBase64String(secret[Prefix.Length..], bytes, out var written)
            ? bytes[..written]
            : throw new InvalidOperationException("A secret that begins with whsec_ goes on in base64.");
    }
}
