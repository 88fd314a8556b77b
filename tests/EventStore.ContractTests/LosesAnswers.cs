namespace ConsentLedger.EventStore.ContractTests;

/// <summary>An engine whose every second commit is done, and then reported as lost.</summary>
internal sealed class LosesAnswers(IEventEngine engine) : PassesOn(engine)
{
    private int _commits;

    public override Task AppendAsync(TenantId tenant, Func<Batch?> close, CancellationToken ct) => LoseAsync(base.AppendAsync(tenant, close, ct));

    public override async Task<IEventTransaction> BeginAsync(TenantId tenant, IReadOnlyCollection<Digest> commands, IReadOnlyCollection<StreamId> streams, CancellationToken ct) =>
        new Transaction(this, await base.BeginAsync(tenant, commands, streams, ct));

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
