using System.Text;

namespace ConsentLedger.ErasureOrchestrator.Processors;

/// <summary>The secrets that the register names: <c>Processors:Secrets:&lt;tenant&gt;:&lt;name&gt;</c>, best as a file (<c>Secrets:Folder</c>).</summary>
public sealed class ProcessorSecrets(IConfiguration configuration)
{
    private const string Prefix = "whsec_";

    /// <summary>What is shorter is guessed.</summary>
    private const int ShortestKey = 24;

    /// <summary>Null where the register names none or the service was given none of this name.</summary>
    public string? Find(TenantId tenant, string? name) =>
        name is { Length: > 0 } && configuration[$"Processors:Secrets:{tenant}:{name}"] is { Length: > 0 } secret ? secret.Trim() : null;

    /// <summary>
    /// The bytes to sign with: base64 after <c>whsec_</c>, as webhook libraries write secrets, or else the text as it is. Null for fewer than 24 bytes, and for what is no base64.
    /// </summary>
    public static byte[]? KeyOf(string secret)
    {
        var bytes = new byte[secret.Length];
        var key = !secret.StartsWith(Prefix, StringComparison.Ordinal) ? Encoding.UTF8.GetBytes(secret)
            : Convert.TryFromBase64String(secret[Prefix.Length..], bytes, out var written) ? bytes[..written] : [];
        return key.Length >= ShortestKey ? key : null;
    }
}
