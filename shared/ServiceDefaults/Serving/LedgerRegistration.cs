using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
#if MARTEN
using ConsentLedger.EventStore.Marten;
#endif

namespace ConsentLedger.ServiceDefaults;

public static class LedgerRegistration
{
    private delegate IEventEngine Open(NpgsqlDataSource source, EventCatalog catalog, IReadOnlyList<IInlineProjection> projections);

    /// <summary>Those compiled in, the default first. They keep the same rows, so one may take over from the other at any time.</summary>
    private static readonly IReadOnlyList<(string Name, Open Open)> Engines =
    [
#if MARTEN
        ("marten", (source, catalog, projections) => new MartenEngine(source, catalog, projections)),
#endif
        ("npgsql", (source, _, projections) => new NpgsqlEngine(source, projections)),
    ];

    /// <summary>
    /// The service's ledger in the database that <c>ConnectionStrings:Ledger</c> names, kept by the engine that <c>EventStore:Engine</c> names. Nothing is
    /// served before its schema is there.
    /// </summary>
    public static IServiceCollection AddLedger(this IServiceCollection services, IConfiguration configuration, EventCatalog catalog, params IReadOnlyList<IInlineProjection> projections)
    {
        var connectionString = configuration.GetConnectionString("Ledger") ?? throw new InvalidOperationException("ConnectionStrings__Ledger is not set.");
        services.AddSingleton(catalog);
        var open = EngineOf(configuration);
        services.AddSingleton(_ => NpgsqlLedger.DataSource(connectionString));
        services.AddSingleton(provider => open(provider.GetRequiredService<NpgsqlDataSource>(), catalog, projections));
        services.AddSingleton<DeciderLoop>();
        services.AddSingleton<StateReader>();
        services.AddHealthChecks().AddCheck<StoreHealthCheck>("store", tags: [Health.NeededToServe]);
        return services.AddBeforeServing("ledger", (provider, ct) => provider.GetRequiredService<IEventEngine>().EnsureSchemaAsync(ct));
    }

    private static Open EngineOf(IConfiguration configuration)
    {
        if (configuration["EventStore:Engine"] is not { Length: > 0 } wanted) return Engines[0].Open;
        var open = Engines.FirstOrDefault(e => e.Name == wanted).Open;
        return open ?? throw new InvalidOperationException(
            $"EventStore__Engine is '{wanted}'. This build has: {string.Join(", ", Engines.Select(e => e.Name))}. Marten is compiled in by -p:Marten=true.");
    }
}

internal sealed class StoreHealthCheck(IEventEngine engine) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await engine.ReadHeadsAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (StoreUnavailableException e)
        {
            return HealthCheckResult.Unhealthy(e.Message);
        }
    }
}
