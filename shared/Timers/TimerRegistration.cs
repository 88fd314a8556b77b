using ConsentLedger.EventStore;
using ConsentLedger.Resilience;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ConsentLedger.Timers;

public static class TimerRegistration
{
    /// <summary>Lets time do its work on these streams. The same table goes to <c>AddLedger</c>, whose events set and end what is due.</summary>
    public static IServiceCollection AddTimers(this IServiceCollection services, TimerTable table)
    {
        services.AddRemote(FireTimers.Remote, remote => (remote.BaseDelayMs, remote.MaxDelayMs) = (500, 5000));
        services.AddSingleton(table);
        services.AddSingleton<TimerMetrics>();
        services.AddSingleton(provider => new TimerRows(provider.GetRequiredService<NpgsqlDataSource>()));
        services.AddSingleton(provider => new ApplyNewRules(
            table, provider.GetRequiredService<NpgsqlDataSource>(), provider.GetRequiredService<StateReader>(), provider.GetRequiredService<TimerMetrics>(),
            provider.GetRequiredService<ILogger<ApplyNewRules>>()));
        services.AddSingleton<FireTimers>();
        services.AddHostedService(provider => provider.GetRequiredService<FireTimers>());
        services.AddHealthChecks().AddCheck<TimerHealthCheck>("timers");
        return services;
    }
}

/// <summary>Unhealthy once time has done no work here for a while though it is this process's turn.</summary>
internal sealed class TimerHealthCheck(FireTimers timers) : IHealthCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        timers.FailingFor > Patience ? HealthCheckResult.Unhealthy("What falls due is not being recorded.") : HealthCheckResult.Healthy());
}
