using System.Diagnostics;
using System.Reflection;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ConsentLedger.Support;

/// <summary>The routes that a service maps when its own <c>Program.cs</c> runs, read inside this process.</summary>
public static class ServiceEndpoints
{
    /// <summary>What every service serves to everybody: its health, its description, and of its log what outsiders check it by.</summary>
    public static readonly IReadOnlyList<string> OfEveryService =
    [
        "* /healthz/live", "* /healthz/ready", "* /healthz/serving", "GET /log/{tenant}/checkpoint", "GET /log/{tenant}/key", "GET /log/{tenant}/tile/{level}/{**tile}",
        "GET /openapi/{documentName}.json",
    ];

    private static readonly AsyncLocal<TaskCompletionSource<IHost>?> Awaited = new();

    /// <summary>The routes that need no token, each as its method and pattern; one that neither asks for a scope nor is meant for everybody says so.</summary>
    /// <param name="service">The assembly with the entry point.</param>
    /// <param name="asksForScope">Whether the endpoint names a scope.</param>
    public static async Task<IReadOnlyList<string>> OpenToEverybodyAsync(Assembly service, Func<Installation, ServiceProcess> which, Func<RouteEndpoint, bool> asksForScope)
    {
        await using var installation = await Installation.PrepareAsync();
        string[] args = [.. which(installation).Settings.Select(s => $"--{s.Key.Replace("__", ":", StringComparison.Ordinal)}={s.Value}"), "--urls=http://127.0.0.1:0"];
        var built = new TaskCompletionSource<IHost>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listening = DiagnosticListener.AllListeners.Subscribe(new Listeners());
        var running = Task.Run(() =>
        {
            Awaited.Value = built;
            return service.EntryPoint!.Invoke(null, [args]);
        });
        if (await Task.WhenAny(running, built.Task) == running) await running;
        var host = await built.Task;
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
        await Task.Run(() => lifetime.ApplicationStarted.WaitHandle.WaitOne(TimeSpan.FromMinutes(1)));
        var endpoints = host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToList();
        lifetime.StopApplication();
        await running;
        return [.. endpoints.Where(e => IsOpen(e) || !asksForScope(e)).Select(e => IsOpen(e) ? Name(e) : $"{Name(e)} names no scope").Order(StringComparer.Ordinal)];
    }

    private static bool IsOpen(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null;

    private static string Name(RouteEndpoint endpoint) =>
        $"{string.Join(',', endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["*"])} {endpoint.RoutePattern.RawText}";

    // How a host tells that it was built: the way by which tools find the services of a program.
    private sealed class Listeners : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
    {
        public void OnNext(DiagnosticListener value)
        {
            if (value.Name == "Microsoft.Extensions.Hosting") value.Subscribe(this);
        }

        public void OnNext(KeyValuePair<string, object?> value)
        {
            if (value is { Key: "HostBuilt", Value: IHost host }) Awaited.Value?.TrySetResult(host);
        }

        public void OnCompleted() { }

        public void OnError(Exception error) { }
    }
}
