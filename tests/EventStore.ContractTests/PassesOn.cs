using ConsentLedger.Ledger;

namespace ConsentLedger.EventStore.ContractTests;

/// <summary>An engine that does what the one behind it does, but for what a test overrides.</summary>
internal abstract class PassesOn(IEventEngine engine) : IEventEngine
{
    public Task EnsureSchemaAsync(CancellationToken ct) => engine.EnsureSchemaAsync(ct);

    public virtual Task<Snapshot> LoadAsync(TenantId tenant, IReadOnlyCollection<Digest> commands, IReadOnlyCollection<StreamId> streams, CancellationToken ct) =>
        engine.LoadAsync(tenant, commands, streams, ct);

    public virtual Task AppendAsync(TenantId tenant, Func<Batch?> close, CancellationToken ct) => engine.AppendAsync(tenant, close, ct);

    public virtual Task<IEventTransaction> BeginAsync(TenantId tenant, IReadOnlyCollection<Digest> commands, IReadOnlyCollection<StreamId> streams, CancellationToken ct) =>
        engine.BeginAsync(tenant, commands, streams, ct);

    public Task<IReadOnlyList<StoredEvent>> ReadStreamsAsync(IReadOnlyCollection<StreamSlice> streams, CancellationToken ct) => engine.ReadStreamsAsync(streams, ct);

    public Task<IReadOnlyList<StoredEvent>> ReadFromAsync(TenantId tenant, long position, int limit, CancellationToken ct) => engine.ReadFromAsync(tenant, position, limit, ct);

    public Task<IReadOnlyList<StoredEntry>> ReadEntriesAsync(TenantId tenant, long position, int limit, CancellationToken ct) => engine.ReadEntriesAsync(tenant, position, limit, ct);

    public Task<Frontier> ReadTreeAsync(TenantId tenant, CancellationToken ct) => engine.ReadTreeAsync(tenant, ct);

    public Task<IReadOnlyList<ProvableEvent>> ReadProvableAsync(StreamKey stream, long afterVersion, int limit, CancellationToken ct) => engine.ReadProvableAsync(stream, afterVersion, limit, ct);

    public Task<IReadOnlyDictionary<long, byte[]>> ReadSealedAsync(StreamKey stream, CancellationToken ct) => engine.ReadSealedAsync(stream, ct);

    public Task PurgeSealedAsync(StreamKey stream, CancellationToken ct) => engine.PurgeSealedAsync(stream, ct);

    public Task<IReadOnlyDictionary<TenantId, long>> ReadHeadsAsync(CancellationToken ct) => engine.ReadHeadsAsync(ct);

    public Task<ISubscriptionLease?> TryLeaseAsync(string subscription, CancellationToken ct) => engine.TryLeaseAsync(subscription, ct);

    public Task WaitForAppendAsync(TimeSpan atMost, CancellationToken ct) => engine.WaitForAppendAsync(atMost, ct);
}
