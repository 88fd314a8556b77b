using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace ConsentLedger.EventStore;

/// <summary>Carries commands out, many per transaction: one loop a tenant, so none waits for another's.</summary>
public sealed class DeciderLoop(IEventEngine engine, EventCatalog catalog, TimeProvider clock, IMeterFactory? meters = null) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<TenantId, Lazy<TenantLoop>> _loops = [];
    private readonly LedgerMetrics _metrics = new(meters, clock);
    private bool _stopped;

    /// <summary>Decides and records. When it returns, what it says is on disk; when it throws <see cref="StoreUnavailableException"/>, the same command again finds out.</summary>
    public Task<Outcome> ExecuteAsync(Command command, CancellationToken ct)
    {
        if (Volatile.Read(ref _stopped)) throw new StoreUnavailableException("The ledger is shutting down.");
        return _loops.GetOrAdd(command.Stream.Tenant, tenant => new Lazy<TenantLoop>(() => new TenantLoop(tenant, engine, catalog, clock, _metrics))).Value.ExecuteAsync(command, ct);
    }

    public async ValueTask DisposeAsync()
    {
        Volatile.Write(ref _stopped, true);
        await Task.WhenAll(_loops.Values.Select(loop => loop.Value.DisposeAsync().AsTask()));
    }
}
