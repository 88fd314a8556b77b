using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using ConsentLedger.Support;
using Npgsql;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>The service as a process on its own database and virtual host. The test plays everybody around it.</summary>
public sealed class Orchestrator : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("erasure-");
    private readonly HttpClient _http = new();
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(10));
    private PostgresDatabase _database = null!;
    private PostgresDatabase _vault = null!;
    private Broker _broker = null!;
    private Issuer _issuer = null!;
    private ServiceProcess _process = null!;

    internal Broker Broker => _broker;

    internal OtherSystems Others { get; private set; } = null!;

    public string Log => File.ReadAllText(_process.LogFile);

    public Task InitializeAsync() => StartAsync("00:10:00");

    private string LogKeyFile => Path.Combine(_folder.FullName, "log-key");

    private string KekFile => Path.Combine(_folder.FullName, "kek");

    /// <summary>Where the service leaves its mail.</summary>
    public string MailFolder => Path.Combine(_folder.FullName, "mail");

    public string ConnectionString => _database.ConnectionString;

    /// <param name="redispatchAfter">How long a system may stay silent.</param>
    /// <param name="more">Beside the usual settings, or in place of them; null takes one away.</param>
    public async Task StartAsync(string redispatchAfter, params IReadOnlyList<(string Name, string? Value)> more)
    {
        _database = await PostgresDatabase.CreateAsync("erasure");
        _vault = await PostgresDatabase.CreateAsync("erasure_vault");
        _broker = await Broker.CreateAsync("erasure");
        _issuer = new Issuer(_folder.FullName);
        foreach (var file in (string[])[LogKeyFile, KekFile])
        {
            File.WriteAllBytes(file, RandomNumberGenerator.GetBytes(32));
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var settings = new Dictionary<string, string>
        {
            ["ConnectionStrings__Ledger"] = $"{_database.ConnectionString};Maximum Pool Size=20",
            ["Broker__Uri"] = _broker.Uri.ToString(),
            ["Auth__Issuer"] = Issuer.Name,
            ["Auth__Audience"] = Issuer.Audience,
            ["Auth__JwksFile"] = _issuer.JwksFile,
            ["Ledger__Origin"] = "ledger.test/erasure-orchestrator",
            ["Ledger__SigningKeyFile"] = LogKeyFile,
            ["ConnectionStrings__Vault"] = $"{_vault.ConnectionString};Maximum Pool Size=10",
            ["Vault__KekFile"] = KekFile,
            ["Mail__Folder"] = MailFolder,
            ["Mail__From"] = "privacy@controller.example",
            ["Links__PublicUrl"] = "https://privacy.example",
            ["Erasure__RedispatchAfter"] = redispatchAfter,
        };
        foreach (var (name, value) in more)
        {
            if (value is null) settings.Remove(name);
            else settings[name] = value;
        }

        _process = ServiceProcess.Of("erasure-orchestrator/ConsentLedger.ErasureOrchestrator", Path.Combine(_folder.FullName, "log"), settings);
        _http.BaseAddress = _process.Url;
        Others = await OtherSystems.ListenAsync(_broker);
        await _process.StartAsync(_patience.Token);
    }

    /// <summary>kill -9, whatever it is doing.</summary>
    public Task KillAsync() => _process.KillAsync();

    public Task StartAgainAsync() => _process.StartAsync(_patience.Token);

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
        await Others.DisposeAsync();
        await _broker.DisposeAsync();
        await _database.DisposeAsync();
        await _vault.DisposeAsync();
        _issuer.Dispose();
        _patience.Dispose();
        _folder.Delete(recursive: true);
    }

    public Task<Answer> RequestAsync(string subject, string tenant = "quintus", string role = "privacy", string? key = null) =>
        PostAsync(new { subject, reason = "consent-withdrawn" }, tenant, role, key);

    public Task<Answer> PostAsync(string path, object body, string tenant = "quintus", string role = "privacy") => SendAsync(
        new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = JsonContent.Create(body, body.GetType()) }, tenant, role, []);

    public Task<Answer> PutAsync(string path, object body, string tenant, string role = "operator") => SendAsync(
        new HttpRequestMessage(HttpMethod.Put, new Uri(path, UriKind.Relative)) { Content = JsonContent.Create(body, body.GetType()) }, tenant, role, []);

    /// <summary>What a browser gets; with a tenant, what its privacy team gets that is no JSON.</summary>
    public async Task<(int Status, string Text)> GetPageAsync(string path, HttpMethod? method = null, string? tenant = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, new Uri(path, UriKind.Relative));
        if (tenant is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _issuer.Token(tenant, "privacy"));
        using var answer = await _http.SendAsync(request, _patience.Token);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(_patience.Token));
    }

    public async Task<long> QueryAsync(string sql, Guid id)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync(_patience.Token);
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddWithValue("id", id);
        return (long)(await command.ExecuteScalarAsync(_patience.Token))!;
    }

    public Task<Answer> PostAsync(object body, string tenant = "quintus", string? role = "privacy", string? key = null) => SendAsync(
        new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/erasures", UriKind.Relative)) { Content = JsonContent.Create(body) }, tenant, role, key is null ? [] : [("Idempotency-Key", key)]);

    public Task<Answer> GetAsync(string path, string tenant = "quintus", string role = "privacy", params (string Name, string Value)[] headers) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative)), tenant, role, headers);

    /// <summary>The request once this system's answer has counted.</summary>
    public async Task<Answer> AnsweredAsync(Guid request, string system)
    {
        Answer? answer = null;
        await Eventually.HoldsAsync(async () =>
        {
            answer = await GetAsync($"/v1/erasures/{request}");
            answer.TaskOf(system).TryGetProperty("completedAt", out _).ShouldBeTrue();
        });
        return answer!;
    }

    public async Task<Answer> CompletedAsync(Guid request)
    {
        Answer? answer = null;
        await Eventually.HoldsAsync(async () =>
        {
            answer = await GetAsync($"/v1/erasures/{request}");
            answer.State.ShouldBe("completed");
        });
        return answer!;
    }

    private async Task<Answer> SendAsync(HttpRequestMessage request, string tenant, string? role, (string Name, string Value)[] headers)
    {
        if (role is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _issuer.Token(tenant, role));
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        using var response = await _http.SendAsync(request, _patience.Token);
        var text = await response.Content.ReadAsStringAsync(_patience.Token);
        return new Answer((int)response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement, response.Headers.Location?.ToString());
    }
}

public sealed record Answer(int Status, JsonElement Json, string? Location)
{
    public Guid Id => Json.GetProperty("id").GetGuid();

    public string? State => Json.GetProperty("state").GetString();

    public string? Code => Json.GetProperty("code").GetString();

    public JsonElement TaskOf(string system) => Json.GetProperty("tasks").EnumerateArray().Single(t => t.GetProperty("system").GetString() == system);
}

internal static class Eventually
{
    /// <summary>Holds within half a minute, or fails as it last did.</summary>
    public static async Task HoldsAsync(Func<Task> holds)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await holds();
                return;
            }
            catch (ShouldAssertException) when (TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(30))
            {
                await Task.Delay(25);
            }
        }
    }
}
