namespace ConsentLedger.EventStore.ContractTests;

/// <summary>An engine whose every second commit is done, and then reported as lost.</summary>
internal sealed class LosesAnswers(IEventEngine engine) : IEventEngine
{
    private int _commits;

    public Task EnsureSchemaAsync(CancellationToken ct) => engine.EnsureSchemaAsync(ct);

    public async Task<IEventTransaction> BeginAsync(
        IReadOnlyCollection<TenantId> tenants, IReadOnlyCollection<CommandKey> commands, IReadOnlyCollection<StreamKey> streams, CancellationToken ct) =>
        new Transaction(this, await engine.BeginAsync(tenants, commands, streams, ct));

    public Task<IReadOnlyList<StoredEvent>> ReadStreamsAsync(IReadOnlyCollection<StreamKey> streams, CancellationToken ct) => engine.ReadStreamsAsync(streams, ct);

    public Task<IReadOnlyList<StoredEvent>> ReadFromAsync(TenantId tenant, long position, int limit, CancellationToken ct) => engine.ReadFromAsync(tenant, position, limit, ct);

    public Task<IReadOnlyDictionary<long, byte[]>> ReadSealedAsync(StreamKey stream, CancellationToken ct) => engine.ReadSealedAsync(stream, ct);

    public Task PurgeSealedAsync(StreamKey stream, CancellationToken ct) => engine.PurgeSealedAsync(stream, ct);

    public Task<IReadOnlyDictionary<TenantId, long>> ReadHeadsAsync(CancellationToken ct) => engine.ReadHeadsAsync(ct);

    public Task<ISubscriptionLease?> TryLeaseAsync(string subscription, CancellationToken ct) => engine.TryLeaseAsync(subscription, ct);

    public Task WaitForAppendAsync(TimeSpan atMost, CancellationToken ct) => engine.WaitForAppendAsync(atMost, ct);

    private sealed class Transaction(LosesAnswers owner, IEventTransaction inner) : IEventTransaction
    {
        public IReadOnlyDictionary<TenantId, Head> Heads => inner.Heads;

        public IReadOnlyDictionary<CommandKey, Remembered> Remembered => inner.Remembered;

        public IReadOnlyList<StoredEvent> Events => inner.Events;

        public Task<IReadOnlyList<StoredEvent>> ReadAsync(IReadOnlyCollection<StreamKey> streams, CancellationToken ct) => inner.ReadAsync(streams, ct);

        public async Task CommitAsync(Batch batch, CancellationToken ct)
        {
            await inner.CommitAsync(batch, ct);
            if (Interlocked.Increment(ref owner._commits) % 2 == 1) throw new StoreUnavailableException("The answer was lost.");
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
