using System.Security.Cryptography;
using System.Text;

namespace ConsentLedger.ErasureOrchestrator.Processors;

/// <summary>Where processors call back, under <c>Processors:PublicUrl</c>. The path says which task it is about; that the right one calls, its signature says.</summary>
public sealed class CallbackUrls
{
    public const string OpenDsrPath = "/v1/processor-callbacks/opendsr/{tenant}/{request:guid}/{system}", WebhookPath = "/v1/processor-callbacks/webhook/{tenant}/{request:guid}/{system}";

    private readonly string? _root;

    public CallbackUrls(IConfiguration configuration)
    {
        if (configuration["Processors:PublicUrl"] is not { Length: > 0 } url) return;
        _root = Uri.TryCreate(url, UriKind.Absolute, out var root) && root.Scheme is "https" or "http"
            ? url.TrimEnd('/')
            : throw new InvalidOperationException("Processors__PublicUrl is the URL under which processors reach this service, https://erasure.example.com for one.");
    }

    /// <summary>Null where this service has no public URL: then processors are asked how their tasks stand.</summary>
    public string? OpenDsr(TenantId tenant, Guid request, string system) => Of("opendsr", tenant, request, system);

    /// <inheritdoc cref="OpenDsr"/>
    public string? Webhook(TenantId tenant, Guid request, string system) => Of("webhook", tenant, request, system);

    /// <summary>What an OpenDSR processor knows the task by: a UUID of version 4 in form, the same for every attempt, and of which the request cannot be read.</summary>
    public static Guid DsrIdOf(TenantId tenant, Guid request, string system)
    {
        var id = SHA256.HashData(Encoding.UTF8.GetBytes($"opendsr task|{tenant}|{request:D}|{system}")).AsSpan(0, 16);
        id[6] = (byte)((id[6] & 0x0F) | 0x40);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        return new Guid(id, bigEndian: true);
    }

    private string? Of(string kind, TenantId tenant, Guid request, string system) => _root is null ? null : $"{_root}/v1/processor-callbacks/{kind}/{tenant}/{request:D}/{system}";
}
