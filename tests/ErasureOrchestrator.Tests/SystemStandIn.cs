using System.Collections.Concurrent;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Processors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>One of our own systems, that says what it is told to.</summary>
internal sealed class SystemStandIn : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("system-");
    private readonly WebApplication _web;
    private readonly ServiceProvider _services;

    public SystemStandIn(int status, string body, params IEnumerable<(string Key, string Value)> settings)
    {
        Answer = _ => Task.FromResult((status, body));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _web = builder.Build();
        _web.MapFallback(async (HttpRequest request) =>
        {
            Asked.Enqueue(new(request.Method, request.Path.ToString(), request.QueryString.ToString(), Header("Idempotency-Key"), Header("Authorization"), Header("X-Tenant")));
            var (code, said) = await Answer(request);
            return Results.Text(said, "application/json", statusCode: code);
            string Header(string name) => request.Headers[name].ToString();
        });
        _web.Start();
        var token = Path.Combine(_folder.FullName, "token");
        File.WriteAllText(token, "token");
        Settings = [("Consent:Url", _web.Urls.Single()), ("Consent:TokenFile", token), ("Resilience:consent-calls:BaseDelayMs", "1"), ("Resilience:preference:BaseDelayMs", "1"), .. settings];
        _services = Calling([.. Settings, ("Preference:Url", _web.Urls.Single())]);
    }

    /// <summary>What a service needs that asks it for consents.</summary>
    public IReadOnlyList<(string Key, string Value)> Settings { get; }

    public OwnCalls Own => _services.GetRequiredService<OwnCalls>();

    public PreferenceCalls Preferences => _services.GetRequiredService<PreferenceCalls>();

    public Func<HttpRequest, Task<(int Status, string Body)>> Answer { get; set; }

    public ConcurrentQueue<Question> Asked { get; } = [];

    /// <summary>What makes the calls, as the service has it.</summary>
    public static ServiceProvider Calling(IEnumerable<(string Key, string Value)> settings) => PreferenceCalls.Add(OwnCalls.Add(ProcessorLanes.Add(new ServiceCollection()
        .AddSingleton<TimeProvider>(new StoppedClock())
        .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))).Build())))).BuildServiceProvider();

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await _web.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>However busy the machine is, calls that follow each other fail in one window of their breaker.</summary>
    private sealed class StoppedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => People.Noon;
    }
}

internal sealed record Question(string Method, string Path, string Query, string Key, string Token, string Tenant);
