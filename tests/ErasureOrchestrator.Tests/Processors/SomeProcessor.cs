using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.ErasureOrchestrator.Tests.Processors;

/// <summary>A processor as a server of its own. Honest unless a test says otherwise; it shares no code with the service.</summary>
internal sealed class SomeProcessor : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly RSA _key = RSA.Create(2048);

    public SomeProcessor(DsrAuthority authority, string domain = "localhost")
    {
        Certificate = authority.Issue(domain, _key);
        SigningKey = _key;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    public Uri Url { get; private set; } = null!;

    public X509Certificate2 Certificate { get; set; }

    public RSA SigningKey { get; set; }

    public string Domain { get; set; } = "localhost";

    public string Status { get; set; } = "pending";

    public JsonArray Identities { get; set; } = [Identity("email", "raw")];

    /// <summary>What it says instead of the truth.</summary>
    public Action<JsonObject> Twist { get; set; } = _ => { };

    /// <summary>Called before it answers; true where that was the answer.</summary>
    public Func<HttpContext, Task<bool>> Before { get; set; } = _ => Task.FromResult(false);

    public Func<string> CertificateUrl { get; set; } = () => "";

    public bool IsSigning { get; set; } = true;

    public ConcurrentQueue<(string Method, string Path, byte[] Body, IReadOnlyDictionary<string, string> Headers)> Heard { get; } = [];

    public static JsonObject Identity(string type, string format) => new() { ["identity_type"] = type, ["identity_format"] = format };

    public async Task<SomeProcessor> StartAsync()
    {
        await _app.StartAsync();
        Url = new Uri(_app.Urls.Single().Replace("127.0.0.1", "localhost", StringComparison.Ordinal));
        CertificateUrl = () => $"{Url}cert.pem";
        return this;
    }

    public IReadOnlyList<string> Calls => [.. Heard.Select(h => $"{h.Method} {h.Path.Split('/').Take(3).Aggregate((a, b) => $"{a}/{b}")}")];

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _key.Dispose();
        Certificate.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        Heard.Enqueue((context.Request.Method, context.Request.Path, body.ToArray(), context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
        if (await Before(context)) return;
        switch (context.Request.Method, context.Request.Path.Value)
        {
            case ("GET", "/v2/discovery" or "/v1/discovery"):
                await SayAsync(context, 200, new JsonObject
                {
                    ["api_version"] = "2.0",
                    ["supported_identities"] = Identities.DeepClone(),
                    ["supported_subject_request_types"] = new JsonArray("erasure", "access"),
                    ["processor_certificate"] = CertificateUrl(),
                });
                break;
            case ("GET", "/cert.pem"):
                await context.Response.WriteAsync(Certificate.ExportCertificatePem());
                break;
            case ("POST", "/v2/requests" or "/v1/opengdpr_requests"):
                var asked = JsonDocument.Parse(body.ToArray()).RootElement;
                await SayAsync(context, 201, new JsonObject
                {
                    ["controller_id"] = "a-tenant",
                    ["expected_completion_time"] = "2027-01-02T03:04:05Z",
                    ["received_time"] = "2026-11-01T15:00:01Z",
                    ["encoded_request"] = Convert.ToBase64String(body.ToArray()),
                    ["subject_request_id"] = asked.GetProperty("subject_request_id").GetString(),
                });
                break;
            case ("GET", { } path) when path.StartsWith("/v2/requests/", StringComparison.Ordinal):
                await SayAsync(context, 200, new JsonObject
                {
                    ["controller_id"] = "a-tenant",
                    ["expected_completion_time"] = "2027-01-02T03:04:05Z",
                    ["subject_request_id"] = path.Split('/')[^1],
                    ["request_status"] = Status,
                });
                break;
            default:
                context.Response.StatusCode = 404;
                break;
        }
    }

    private async Task SayAsync(HttpContext context, int status, JsonObject answer)
    {
        Twist(answer);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(answer);
        context.Response.StatusCode = status;
        if (IsSigning)
        {
            context.Response.Headers["X-OpenDSR-Processor-Domain"] = Domain;
            context.Response.Headers["X-OpenDSR-Signature"] = Convert.ToBase64String(SigningKey.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        }

        await context.Response.Body.WriteAsync(bytes);
    }
}
