using ConsentLedger.EventStore;
using ConsentLedger.Ledger;

namespace ConsentLedger.Consent.Tests.Decisions;

/// <summary>A real engine whose readings of the log are counted, and can be held back after the database has answered.</summary>
internal sealed class WatchedEngine(IEventEngine inner) : IEventEngine
{
    private int _readings;

    public int Readings => Volatile.Read(ref _readings);

    /// <summary>Awaited between the database's answer and ours.</summary>
    public Func<Task> OnTheWayBack { get; set; } = () => Task.CompletedTask;

    public async Task<IReadOnlyList<StoredEntry>> ReadEntriesAsync(TenantId tenant, long position, int limit, CancellationToken ct)
    {
        Interlocked.Increment(ref _readings);
        var entries = await inner.ReadEntriesAsync(tenant, position, limit, ct);
        await OnTheWayBack();
        return entries;
    }

    public Task EnsureSchemaAsync(CancellationToken ct) => inner.EnsureSchemaAsync(ct);

    public Task<Snapshot> LoadAsync(TenantId tenant, IReadOnlyCollection<Digest> commands, IReadOnlyCollection<StreamId> streams, CancellationToken ct) =>
        inner.LoadAsync(tenant, commands, streams, ct);

    public Task AppendAsync(TenantId tenant, Func<Batch?> close, CancellationToken ct) => inner.AppendAsync(tenant, close, ct);

    public Task<IEventTransaction> BeginAsync(TenantId tenant, IReadOnlyCollection<Digest> commands, IReadOnlyCollection<StreamId> streams, CancellationToken ct) =>
        inner.BeginAsync(tenant, commands, streams, ct);

    public Task<IReadOnlyList<StoredEvent>> ReadStreamsAsync(IReadOnlyCollection<StreamSlice> streams, CancellationToken ct) => inner.ReadStreamsAsync(streams, ct);

    public Task<IReadOnlyList<StoredEvent>> ReadFromAsync(TenantId tenant, long position, int limit, CancellationToken ct) => inner.ReadFromAsync(tenant, position, limit, ct);

    public Task<Frontier> ReadTreeAsync(TenantId tenant, CancellationToken ct) => inner.ReadTreeAsync(tenant, ct);

    public Task<IReadOnlyList<ProvableEvent>> ReadProvableAsync(StreamKey stream, long afterVersion, int limit, CancellationToken ct) =>
        inner.ReadProvableAsync(stream, afterVersion, limit, ct);

    public Task<IReadOnlyDictionary<long, byte[]>> ReadSealedAsync(StreamKey stream, CancellationToken ct) => inner.ReadSealedAsync(stream, ct);

    public Task PurgeSealedAsync(StreamKey stream, CancellationToken ct) => inner.PurgeSealedAsync(stream, ct);

    public Task<IReadOnlyDictionary<TenantId, long>> ReadHeadsAsync(CancellationToken ct) => inner.ReadHeadsAsync(ct);

    public Task<ISubscriptionLease?> TryLeaseAsync(string subscription, CancellationToken ct) => inner.TryLeaseAsync(subscription, ct);

    public Task WaitForAppendAsync(TimeSpan atMost, CancellationToken ct) => inner.WaitForAppendAsync(atMost, ct);
}
