using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.Auditor.Tests.Logs;

/// <summary>A service that gives out a log, over real HTTP.</summary>
internal sealed class ServedLog : IAsyncDisposable
{
    public const string Tenant = "quintus", Token = "the-auditors";

    private readonly WebApplication _app;

    private ServedLog(WebApplication app) => _app = app;

    public SignedLog Log { get; set; } = null!;

    /// <summary>Other bytes for a path, as an operator might give them out.</summary>
    public Dictionary<string, byte[]> Instead { get; } = [];

    public ConcurrentQueue<string> Asked { get; } = [];

    /// <summary>So many answers fail first.</summary>
    public int Failing { get; set; }

    /// <summary>So many questions nobody answers, until whoever asked goes away.</summary>
    public int Hanging { get; set; }

    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public static async Task<ServedLog> StartAsync(SignedLog log)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var served = new ServedLog(app) { Log = log };
        app.Run(served.AnswerAsync);
        await app.StartAsync();
        return served;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (path.StartsWith($"/log/{Tenant}/", StringComparison.Ordinal)) path = path[$"/log/{Tenant}/".Length..];
        Asked.Enqueue(path);
        if (Hanging > 0)
        {
            Hanging--;
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
            return;
        }

        if (Failing > 0)
        {
            Failing--;
            context.Response.StatusCode = 503;
            return;
        }

        var isForAuditors = path.StartsWith("tile/entries/", StringComparison.Ordinal) || path.StartsWith("facts/", StringComparison.Ordinal) || path.StartsWith("/v1/", StringComparison.Ordinal);
        var token = context.Request.Headers.Authorization.ToString();
        if (isForAuditors ? token != $"Bearer {Token}" : token.Length > 0)
        {
            context.Response.StatusCode = isForAuditors ? 401 : 400;
            return;
        }

        if (Instead.TryGetValue(path, out var bytes) || Log.ToFiles().TryGetValue(path, out bytes)) await context.Response.Body.WriteAsync(bytes);
        else context.Response.StatusCode = 404;
    }
}
