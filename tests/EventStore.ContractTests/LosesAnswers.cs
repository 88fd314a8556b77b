using ConsentLedger.Ledger;

namespace ConsentLedger.EventStore.ContractTests;

/// <summary>An engine whose every second commit is done, and then reported as lost.</summary>
internal sealed class LosesAnswers(IEventEngine engine) : IEventEngine
{
    private int _commits;

    public Task EnsureSchemaAsync(CancellationToken ct) => engine.EnsureSchemaAsync(ct);

    public Task<Snapshot> LoadAsync(TenantId tenant, IReadOnlyCollection<Digest> commands, IReadOnlyCollection<StreamId> streams, CancellationToken ct) =>
        engine.LoadAsync(tenant, commands, streams, ct);

    public Task AppendAsync(Batch batch, CancellationToken ct) => LoseAsync(engine.AppendAsync(batch, ct));

    public async Task<IEventTransaction> BeginAsync(TenantId tenant, IReadOnlyCollection<Digest> commands, IReadOnlyCollection<StreamId> streams, CancellationToken ct) =>
        new Transaction(this, await engine.BeginAsync(tenant, commands, streams, ct));

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

    private async Task LoseAsync(Task commit)
    {
        await commit;
        if (Interlocked.Increment(ref _commits) % 2 == 1) throw new StoreUnavailableException("The answer was lost.");
    }

    private sealed class Transaction(LosesAnswers owner, IEventTransaction inner) : IEventTransaction
    {
        public Snapshot Snapshot => inner.Snapshot;

        public Task CommitAsync(Batch batch, CancellationToken ct) => owner.LoseAsync(inner.CommitAsync(batch, ct));

        public Task EndAsync(CancellationToken ct) => inner.EndAsync(ct);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
