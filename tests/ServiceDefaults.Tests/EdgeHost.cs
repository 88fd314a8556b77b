using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using ConsentLedger.EventStore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.ServiceDefaults.Tests;

/// <summary>A small service on a real socket, with one endpoint for each thing the edge does.</summary>
public sealed class EdgeHost : IAsyncLifetime
{
    public const string Subject = "01890a5d-ac96-774b-bcce-b302099a8057";

    private readonly Dictionary<string, string?> _settings = [];
    private readonly string _keyFile = Path.GetTempFileName();
    private WebApplication? _app;

    internal Issuer Issuer { get; } = new();

    internal string KeyFile => _keyFile;

    public Uri Address => new(_app!.Urls.Single());

    public TimeProvider? Clock { get; set; }

    public HealthStatus Health { get; set; } = HealthStatus.Healthy;

    public HealthStatus Broker { get; set; } = HealthStatus.Healthy;

    internal LogSink Logs { get; } = new();

    internal IServiceProvider Services => _app!.Services;

    internal EdgeHost With(string setting, string value)
    {
        _settings[setting] = value;
        return this;
    }

    public async Task InitializeAsync()
    {
        await File.WriteAllTextAsync(_keyFile, Issuer.KeySet().ToJsonString());
        var builder = Edge.CreateBuilder("--environment", "Development");
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Auth:Issuer"] = Issuer.Name,
            ["Auth:Audience"] = Issuer.Audience,
            ["Auth:JwksFile"] = _keyFile,
        }).AddInMemoryCollection(_settings);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        if (Clock is not null) builder.Services.AddSingleton(Clock);
        builder.AddServiceDefaults("notes");
        builder.Logging.AddProvider(Logs);
        builder.Services.AddSingleton<IEventEngine, MemoryEngine>();
        builder.Services.AddSingleton(new EventCatalog(("note.taken.v1", typeof(Notes.Taken))));
        builder.Services.AddSingleton<DeciderLoop>();
        builder.Services.AddHealthChecks().AddCheck("store", () => new HealthCheckResult(Health, "host=secret-database"), [ServiceDefaults.Health.NeededToServe])
            .AddCheck("broker", () => new HealthCheckResult(Broker));
        _app = builder.Build();
        Logs.Formatter = _app.Services.GetServices<Microsoft.Extensions.Logging.Console.ConsoleFormatter>().Single(f => f.Name == "lines");
        _app.UseServiceDefaults();
        Notes.Map(_app);
        await _app.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _app!.StopAsync();
        await _app.DisposeAsync();
        Issuer.Dispose();
        File.Delete(_keyFile);
    }

    internal Task<Answer> GetAsync(string path, string? token = null, params (string Name, string Value)[] headers) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Get, path), token ?? Issuer.Token(), headers);

    internal Task<Answer> PostAsync(string path, string body, string? token = null, params (string Name, string Value)[] headers) =>
        SendAsync(
            new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")) },
            token ?? Issuer.Token(),
            headers);

    internal async Task<Answer> SendAsync(HttpRequestMessage request, string? token, params (string Name, string Value)[] headers)
    {
        using var client = new HttpClient { BaseAddress = Address };
        if (token is { Length: > 0 }) request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        var contentType = response.Content.Headers.ContentType?.MediaType;
        return new Answer(
            (int)response.StatusCode, contentType, text,
            response.Headers.ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase));
    }
}

internal sealed record Answer(int Status, string? ContentType, string Text, IReadOnlyDictionary<string, string> Headers)
{
    public JsonNode Json => JsonNode.Parse(Text)!;

    public string? Code => (string?)Json["code"];

    /// <summary>A problem of this status and code, in the form of RFC 9457, and nothing more in it than may be.</summary>
    public Answer ShouldBeProblem(int status, string code)
    {
        Status.ShouldBe(status, Text);
        ContentType.ShouldBe("application/problem+json");
        Code.ShouldBe(code);
        ((int?)Json["status"]).ShouldBe(status);
        Json.AsObject().Select(m => m.Key).ShouldBeSubsetOf(["type", "title", "status", "code", "detail", "member", "traceId"]);
        return this;
    }
}
