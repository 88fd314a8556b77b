using ConsentLedger.EventStore;
using ConsentLedger.Resilience;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Polly;

namespace ConsentLedger.ServiceDefaults;

public static class BeforeServingRegistration
{
    /// <summary>Runs before the service listens or consumes, again and again while the store it needs is not up yet. It must bear being repeated.</summary>
    /// <param name="store">The remote's name: <c>Resilience:&lt;store&gt;</c> says how long it is waited for.</param>
    public static IServiceCollection AddBeforeServing(this IServiceCollection services, string store, Func<IServiceProvider, CancellationToken, Task> run) =>
        services
            .AddRemote(store, remote => (remote.BaseDelayMs, remote.MaxDelayMs) = (500, 5000))
            .AddSingleton<IHostedService>(provider =>
                new BeforeServing(store, ct => run(provider, ct), provider.GetRequiredService<Remotes>(), provider.GetRequiredService<ILogger<BeforeServing>>()));

    /// <summary>Serves; or, where the only argument is <c>--migrate</c>, makes what is missing in the databases and ends. That takes their owner's connection strings.</summary>
    public static async Task ServeAsync(this IHost app, string[] args)
    {
        if (args is not ["--migrate"])
        {
            await app.RunAsync();
            return;
        }

        foreach (var before in app.Services.GetServices<IHostedService>().OfType<BeforeServing>()) await before.StartingAsync(CancellationToken.None);
    }
}

internal sealed partial class BeforeServing(string store, Func<CancellationToken, Task> run, Remotes remotes, ILogger<BeforeServing> logger) : IHostedLifecycleService
{
    private readonly ResiliencePipeline _untilThere = remotes.Calling(
        store, e => e is StoreUnavailableException, tell: retry => Waiting(logger, store, retry.Exception is StoreUnavailableException e ? e.Message : "It did not answer in time.", retry.Delay.TotalMilliseconds), what: "start");

    public async Task StartingAsync(CancellationToken ct) => await _untilThere.ExecuteAsync(async ct => await run(ct), ct);

    public Task StartAsync(CancellationToken ct) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken ct) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken ct) => Task.CompletedTask;

    public Task StopAsync(CancellationToken ct) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken ct) => Task.CompletedTask;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Waiting for the {Store} database: {Reason} It is asked again in {DelayMs} ms.")]
    private static partial void Waiting(ILogger logger, string store, string reason, double delayMs);
}
