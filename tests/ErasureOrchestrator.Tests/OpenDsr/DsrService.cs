using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using ConsentLedger.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ConsentLedger.ErasureOrchestrator.Tests.OpenDsr;

/// <summary>The service as a process that offers OpenDSR. The test plays the controller, the consent service and our own systems.</summary>
public sealed class DsrService : IAsyncLifetime
{
    public const string Tenant = "quintus", Secret = "a secret that both sides know";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dsr-");
    private readonly HttpClient _http = new();
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(3));
    private readonly WebApplication _around;
    private readonly List<PostgresDatabase> _databases = [];
    private Broker _broker = null!;
    private Issuer _issuer = null!;
    private ServiceProcess _process = null!;

    public DsrService()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _around = builder.Build();
        _around.MapPost("/v1/subjects/lookup", async (HttpRequest request) =>
        {
            var asked = await JsonDocument.ParseAsync(request.Body);
            return IsConsentAway ? Results.StatusCode(503) : Results.Json(new { subjects = Addresses.GetValueOrDefault(asked.RootElement.GetProperty("value").GetString()!, []) });
        });
        _around.MapGet("/v1/subjects/{subject}/consents", () => Results.Json(new { consents = Array.Empty<object>() }));
        _around.MapGet("/v1/subjects/{subject}/records", (string subject) => Results.Json(new { subject, consents = new[] { "a consent" } }));
        _around.MapMethods("/v1/subjects/{subject}/kept", ["GET", "HEAD"], () => IsPreferenceAway
            ? Results.StatusCode(503)
            : Results.Json(new { isEmpty = false, choices = new[] { "a choice" }, events = Array.Empty<object>(), addresses = Array.Empty<object>() }));
        _around.MapPost("/hook", async (HttpRequest request) =>
        {
            Hooked.Enqueue((await JsonDocument.ParseAsync(request.Body)).RootElement);
            return Results.Json(new { reference = "job-7" }, statusCode: 202);
        });
        _around.MapPost("/callbacks", async (HttpRequest request) =>
        {
            var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            if (Refusals > 0)
            {
                Refusals--;
                return Results.StatusCode(500);
            }

            Called.Enqueue((body.ToArray(), request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
            return Results.StatusCode(202);
        });
    }

    internal OtherSystems Others { get; private set; } = null!;

    /// <summary>Whom an address leads to in the consent service.</summary>
    public ConcurrentDictionary<string, string[]> Addresses { get; } = new();

    public bool IsConsentAway { get; set; }

    public bool IsPreferenceAway { get; set; }

    /// <summary>How many callbacks are refused before one is taken.</summary>
    public int Refusals { get; set; }

    public ConcurrentQueue<(byte[] Body, IReadOnlyDictionary<string, string> Headers)> Called { get; } = [];

    /// <summary>What the webhook was told.</summary>
    public ConcurrentQueue<JsonElement> Hooked { get; } = [];

    public string Hook => new UriBuilder(_around.Urls.Single()) { Host = "localhost", Path = "hook" }.Uri.ToString();

    public string Callback => new UriBuilder(_around.Urls.Single()) { Host = "localhost", Path = "callbacks" }.Uri.ToString();

    public string Log => File.ReadAllText(_process.LogFile);

    public X509Certificate2 Certificate => X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(_folder.FullName, "opendsr.pem")));

    public async Task InitializeAsync()
    {
        using var authority = new DsrAuthority();
        authority.WriteTo(_folder.FullName, "localhost");
        foreach (var name in (string[])["erasure", "erasure_vault"]) _databases.Add(await PostgresDatabase.CreateAsync(name));
        _broker = await Broker.CreateAsync("dsr");
        _issuer = new Issuer(_folder.FullName);
        await _around.StartAsync();
        File.WriteAllText(InFolder("service.token"), _issuer.Token("*", "erasure-orchestrator"));
        foreach (var key in (string[])["log-key", "kek"])
        {
            File.WriteAllBytes(InFolder(key), RandomNumberGenerator.GetBytes(32));
            File.SetUnixFileMode(InFolder(key), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        _process = ServiceProcess.Of("erasure-orchestrator/ConsentLedger.ErasureOrchestrator", InFolder("log"), new Dictionary<string, string>
        {
            ["ConnectionStrings__Ledger"] = $"{_databases[0].ConnectionString};Maximum Pool Size=20",
            ["ConnectionStrings__Vault"] = $"{_databases[1].ConnectionString};Maximum Pool Size=10",
            ["Vault__KekFile"] = InFolder("kek"),
            ["Broker__Uri"] = _broker.Uri.ToString(),
            ["Auth__Issuer"] = Issuer.Name,
            ["Auth__Audience"] = Issuer.Audience,
            ["Auth__JwksFile"] = _issuer.JwksFile,
            ["Ledger__Origin"] = "ledger.test/erasure-orchestrator",
            ["Ledger__SigningKeyFile"] = InFolder("log-key"),
            ["Consent__Url"] = _around.Urls.Single(),
            ["Consent__TokenFile"] = InFolder("service.token"),
            ["Preference__Url"] = _around.Urls.Single(),
            ["OpenDsr__PublicUrl"] = "https://localhost",
            ["OpenDsr__CertificateFile"] = InFolder("opendsr.pem"),
            ["OpenDsr__KeyFile"] = InFolder("opendsr.key"),
            ["OpenDsr__LookAgainAfter"] = "00:00:00.200",
            ["OpenDsr__CallbackHosts__quintus"] = "elsewhere.example, localhost",
            ["Processors__PublicUrl"] = "https://erasure.test",
            ["Processors__Secrets__quintus__crm"] = Secret,
            ["Outbound__AllowPrivateNetworks"] = "true",
            ["Resilience__processor__BaseDelayMs"] = "10",
            ["Resilience__consent-lookup__BaseDelayMs"] = "10",
            ["Resilience__preference__BaseDelayMs"] = "10",
        });
        _http.BaseAddress = _process.Url;
        Others = await OtherSystems.ListenAsync(_broker);
        await _process.StartAsync(_patience.Token);
    }

    /// <param name="meanwhile">What is done while no process runs.</param>
    public async Task RestartAsync(Func<Task>? meanwhile = null)
    {
        await _process.KillAsync();
        if (meanwhile is not null) await meanwhile();
        await _process.StartAsync(_patience.Token);
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
        await Others.DisposeAsync();
        await _broker.DisposeAsync();
        foreach (var database in _databases) await database.DisposeAsync();
        await _around.DisposeAsync();
        _issuer.Dispose();
        _patience.Dispose();
        _folder.Delete(recursive: true);
    }

    public Task<DsrAnswer> SubmitAsync(string body, string path = "/v2/requests", string tenant = Tenant, string? role = "privacy") => SendAsync(HttpMethod.Post, path, body, tenant, role);

    public async Task<DsrAnswer> SendAsync(
        HttpMethod method, string path, string? body = null, string tenant = Tenant, string? role = "privacy", string? accept = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (role is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _issuer.Token(tenant, role));
        if (accept is not null) request.Headers.Accept.ParseAdd(accept);
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        using var response = await _http.SendAsync(request, _patience.Token);
        return new DsrAnswer(
            (int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(_patience.Token), response.Headers.ToDictionary(h => h.Key, h => string.Join(',', h.Value), StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>A form of the desk, as the browser of somebody of the privacy team sends it.</summary>
    public async Task<int> PostFormAsync(string path, params IReadOnlyList<(string Name, string Value)> fields)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value))) };
        request.Headers.Add("Cookie", $"consentledger-desk={_issuer.Token(Tenant, "privacy")}");
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        using var response = await _http.SendAsync(request, _patience.Token);
        return (int)response.StatusCode;
    }

    /// <summary>How the case stands, once it stands so.</summary>
    public async Task<DsrAnswer> StandsAsync(Guid id, string status)
    {
        DsrAnswer? answer = null;
        await Eventually.HoldsAsync(async () =>
        {
            answer = await SendAsync(HttpMethod.Get, $"/v2/requests/{id}");
            answer.Json.GetProperty("request_status").GetString().ShouldBe(status);
        });
        return answer!;
    }

    /// <summary>Something done to the vault, or asked of it, about one stream.</summary>
    public Task<long> InVaultAsync(string sql, Guid id) => CountAsync(_databases[1], sql, id);

    public Task<long> CountAsync(string sql, Guid id) => CountAsync(_databases[0], sql, id);

    private static async Task<long> CountAsync(PostgresDatabase database, string sql, Guid id)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddWithValue("id", id);
        return await command.ExecuteScalarAsync() as long? ?? 0;
    }

    /// <summary>Everything that lies in both databases, as text.</summary>
    public async Task<string> DumpAsync()
    {
        var all = new StringBuilder();
        foreach (var database in _databases)
        {
            await using var connection = new NpgsqlConnection($"{database.ConnectionString};Pooling=false");
            await connection.OpenAsync();
            var tables = new List<string>();
            await using (var select = new NpgsqlCommand("select format('%I.%I', table_schema, table_name) from information_schema.tables where table_schema = 'public'", connection))
            await using (var reader = await select.ExecuteReaderAsync())
                while (await reader.ReadAsync()) tables.Add(reader.GetString(0));
            foreach (var table in tables)
            {
                await using var rows = new NpgsqlCommand($"select t::text, encode(convert_to(t::text, 'UTF8'), 'escape') from {table} t", connection);
                await using var reader = await rows.ExecuteReaderAsync();
                while (await reader.ReadAsync()) all.AppendLine(reader.GetString(0));
            }
        }

        return all.ToString();
    }

    private string InFolder(string name) => Path.Combine(_folder.FullName, name);
}

public sealed record DsrAnswer(int Status, byte[] Body, IReadOnlyDictionary<string, string> Headers)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public string Text => Encoding.UTF8.GetString(Body);

    public string? Reason => Json.GetProperty("error").GetProperty("errors")[0].GetProperty("reason").GetString();
}
