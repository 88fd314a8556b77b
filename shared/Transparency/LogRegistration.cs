using ConsentLedger.Resilience;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Transparency.Announcing;
using ConsentLedger.Transparency.Signing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ConsentLedger.Transparency;

public static class LogRegistration
{
    /// <summary>
    /// Makes the registered ledger a log that outsiders can check, under <c>Ledger:Origin</c> and signed with the key in <c>Ledger:SigningKeyFile</c>. Nothing is
    /// served of one that is not what was published of it. Call it after <c>AddLedger</c>, whose schema it needs.
    /// </summary>
    public static IServiceCollection AddLog(this IServiceCollection services, IConfiguration configuration)
    {
        var origin = configuration["Ledger:Origin"] ?? throw new InvalidOperationException("Ledger__Origin is not set. It is host and service, such as ledger.example.org/consent.");
        var keyFile = configuration["Ledger:SigningKeyFile"] ?? throw new InvalidOperationException("Ledger__SigningKeyFile is not set.");
        services.AddSingleton(_ => LogKeys.Read(origin, keyFile));
        services.AddSingleton<LogTree>();
        services.AddSingleton<Checkpoints>();
        services.AddSingleton<LogMetrics>();
        services.AddSingleton(_ => new PublicReads());
        services.AddWitnesses(configuration);
        services.AddRemote(CheckpointSigner.Remote, remote => (remote.BaseDelayMs, remote.MaxDelayMs) = (1000, 5000));
        services.AddSingleton<CheckpointSigner>();
        services.AddHostedService(provider => provider.GetRequiredService<CheckpointSigner>());
        services.AddRemote(CheckpointAnnouncer.Remote, remote => (remote.BaseDelayMs, remote.MaxDelayMs) = (1000, 5000));
        services.AddHostedService<CheckpointAnnouncer>();
        services.AddSingleton<LogStart>().AddBeforeServing("ledger", (provider, ct) => provider.GetRequiredService<LogStart>().CheckAsync(ct));
        services.AddHealthChecks().AddCheck<LogHealthCheck>("log");
        return services;
    }
}
