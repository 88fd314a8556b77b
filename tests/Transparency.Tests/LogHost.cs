using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ConsentLedger.Transparency.Tests;

/// <summary>A service on a real socket that has nothing but its log. It signs when it is told to.</summary>
internal sealed class LogHost : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("log-");
    private readonly Issuer _issuer;
    private readonly WebApplication _app;
    private readonly HttpClient _http = new();

    private LogHost(string connectionString)
    {
        _issuer = new Issuer(_folder.FullName);
        var keyFile = Path.Combine(_folder.FullName, "log-key");
        File.WriteAllBytes(keyFile, Replica.Seed);
        File.SetUnixFileMode(keyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Auth:Issuer"] = Issuer.Name,
            ["Auth:Audience"] = Issuer.Audience,
            ["Auth:JwksFile"] = _issuer.JwksFile,
            ["Ledger:Origin"] = Replica.Origin,
            ["Ledger:SigningKeyFile"] = keyFile,
        });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddServiceDefaults("notes");
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(_ => NpgsqlLedger.DataSource(connectionString));
        builder.Services.AddSingleton<IEventEngine>(s => new NpgsqlEngine(s.GetRequiredService<NpgsqlDataSource>()));
        builder.Services.AddLog(builder.Configuration);

        // Endpoints only: what runs beside them has tests of its own.
        foreach (var hosted in builder.Services.Where(s => s.ServiceType == typeof(IHostedService) && s.ImplementationType?.Namespace?.StartsWith("ConsentLedger.Transparency", StringComparison.Ordinal) == true).ToList())
            builder.Services.Remove(hosted);
        foreach (var hosted in builder.Services.Where(s => s.ServiceType == typeof(IHostedService) && s.ImplementationFactory?.Method.DeclaringType?.FullName?.Contains("LogRegistration", StringComparison.Ordinal) == true).ToList())
            builder.Services.Remove(hosted);
        _app = builder.Build();
        _app.UseServiceDefaults();
        _app.MapLog();
    }

    public static async Task<LogHost> StartAsync(string connectionString)
    {
        var host = new LogHost(connectionString);
        try
        {
            await host._app.StartAsync();
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }

        host._http.BaseAddress = new Uri(host._app.Urls.Single());
        return host;
    }

    /// <param name="role">Whose token comes with it; null for a stranger.</param>
    public async Task<Answer> GetAsync(string path, string? role = null, string tenant = "quintus")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (role is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _issuer.Token(tenant, role));
        using var response = await _http.SendAsync(request);
        return new Answer(
            (int)response.StatusCode, response.Content.Headers.ContentType?.ToString(), await response.Content.ReadAsByteArrayAsync(), response.Headers.CacheControl?.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _http.Dispose();
        _issuer.Dispose();
        _folder.Delete(recursive: true);
    }
}

internal sealed record Answer(int Status, string? ContentType, byte[] Bytes, string? CacheControl)
{
    public string Text => System.Text.Encoding.UTF8.GetString(Bytes);

    public Answer ShouldBeRefused(int status, string code)
    {
        Status.ShouldBe(status, Text);
        ((string?)JsonNode.Parse(Bytes)!["code"]).ShouldBe(code);
        return this;
    }

    public Answer ShouldBeOk(string contentType)
    {
        Status.ShouldBe(200, Text);
        ContentType.ShouldBe(contentType);
        return this;
    }
}
