using ConsentLedger.Ledger;

namespace ConsentLedger.EventStore;

/// <summary>The reference engine: what every other one must do, in lists and dictionaries. Nothing survives the process.</summary>
public sealed class MemoryEngine : IEventEngine, IDisposable
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _writing = new(1);
    private readonly Dictionary<TenantId, List<StoredEvent>> _events = [];
    private readonly Dictionary<TenantId, List<StoredEntry>> _entries = [];
    private readonly Dictionary<TenantId, Frontier> _trees = [];
    private readonly Dictionary<(TenantId Tenant, Digest Id), Remembered> _outcomes = [];
    private readonly Dictionary<(StreamKey Stream, long Version), byte[]> _sealed = [];
    private readonly Dictionary<(string Subscription, TenantId Tenant), long> _checkpoints = [];
    private readonly HashSet<string> _leased = [];
    private TaskCompletionSource _appended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose() => _writing.Dispose();

    public Task EnsureSchemaAsync(CancellationToken ct) => Task.CompletedTask;

    public Task<Snapshot> LoadAsync(TenantId tenant, IReadOnlyCollection<Digest> commands, IReadOnlyCollection<StreamId> streams, CancellationToken ct)
    {
        lock (_gate)
        {
            return Task.FromResult(new Snapshot(
                HeadOf(tenant),
                TreeOf(tenant),
                commands.Distinct().Where(c => _outcomes.ContainsKey((tenant, c))).ToDictionary(c => c, c => _outcomes[(tenant, c)]),
                EventsOf([.. streams.Select(s => new StreamSlice(new StreamKey(tenant, s)))])));
        }
    }

    public async Task AppendAsync(TenantId tenant, Func<Batch?> close, CancellationToken ct)
    {
        await _writing.WaitAsync(ct);
        try
        {
            if (close() is { } batch) Write(batch);
        }
        finally
        {
            _writing.Release();
        }
    }

    public async Task<IEventTransaction> BeginAsync(TenantId tenant, IReadOnlyCollection<Digest> commands, IReadOnlyCollection<StreamId> streams, CancellationToken ct)
    {
        await _writing.WaitAsync(ct);
        return new Transaction(this, await LoadAsync(tenant, commands, streams, ct));
    }

    public Task<IReadOnlyList<StoredEvent>> ReadStreamsAsync(IReadOnlyCollection<StreamSlice> streams, CancellationToken ct)
    {
        lock (_gate) return Task.FromResult(EventsOf(streams));
    }

    public Task<IReadOnlyList<StoredEvent>> ReadFromAsync(TenantId tenant, long position, int limit, CancellationToken ct)
    {
        lock (_gate) return Task.FromResult<IReadOnlyList<StoredEvent>>([.. Log(tenant).Skip((int)position).Take(limit)]);
    }

    public Task<IReadOnlyList<StoredEntry>> ReadEntriesAsync(TenantId tenant, long position, int limit, CancellationToken ct)
    {
        lock (_gate) return Task.FromResult<IReadOnlyList<StoredEntry>>([.. _entries.GetValueOrDefault(tenant, []).Skip((int)position).Take(limit)]);
    }

    public Task<Frontier> ReadTreeAsync(TenantId tenant, CancellationToken ct)
    {
        lock (_gate) return Task.FromResult(TreeOf(tenant));
    }

    public Task<IReadOnlyList<ProvableEvent>> ReadProvableAsync(StreamKey stream, long afterVersion, int limit, CancellationToken ct)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<ProvableEvent>>([.. EventsOf([new StreamSlice(stream, afterVersion)]).Take(limit).Select(e =>
                new ProvableEvent(e, _entries[stream.Tenant][(int)e.Place.Position], _sealed.GetValueOrDefault((stream, e.Place.Version))))]);
        }
    }

    public Task<IReadOnlyDictionary<long, byte[]>> ReadSealedAsync(StreamKey stream, CancellationToken ct)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyDictionary<long, byte[]>>(
                _sealed.Where(s => s.Key.Stream == stream).ToDictionary(s => s.Key.Version, s => s.Value));
        }
    }

    public Task PurgeSealedAsync(StreamKey stream, CancellationToken ct)
    {
        lock (_gate)
            foreach (var part in _sealed.Keys.Where(s => s.Stream == stream).ToList()) _sealed.Remove(part);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyDictionary<TenantId, long>> ReadHeadsAsync(CancellationToken ct)
    {
        lock (_gate) return Task.FromResult<IReadOnlyDictionary<TenantId, long>>(_events.Where(t => t.Value.Count > 0).ToDictionary(t => t.Key, t => (long)t.Value.Count));
    }

    public Task<ISubscriptionLease?> TryLeaseAsync(string subscription, CancellationToken ct)
    {
        lock (_gate) return Task.FromResult<ISubscriptionLease?>(_leased.Add(subscription) ? new Lease(this, subscription) : null);
    }

    public Task WaitForAppendAsync(TimeSpan atMost, CancellationToken ct)
    {
        Task appended;
        lock (_gate) appended = _appended.Task;
        return Task.WhenAny(appended, Task.Delay(atMost, ct));
    }

    private List<StoredEvent> Log(TenantId tenant) => _events.TryGetValue(tenant, out var log) ? log : [];

    private Head HeadOf(TenantId tenant) => Log(tenant) is [.., var last] log ? new Head(log.Count, last.Place.RecordedAt) : default;

    private Frontier TreeOf(TenantId tenant) => _trees.GetValueOrDefault(tenant, Frontier.Empty);

    private IReadOnlyList<StoredEvent> EventsOf(IReadOnlyCollection<StreamSlice> slices) =>
        [.. slices.SelectMany(s => Log(s.Stream.Tenant).Where(e => e.Stream == s.Stream && e.Place.Version > s.AfterVersion))];

    private void Write(Batch batch)
    {
        lock (_gate)
        {
            if (HeadOf(batch.Tenant).NextPosition != batch.From.NextPosition) throw new AppendConflictException("head");
            if (batch.Outcomes.Any(o => _outcomes.ContainsKey((batch.Tenant, o.Command)))) throw new AppendConflictException("one outcome a command");
            _trees[batch.Tenant] = batch.Tree.After;
            _events.TryAdd(batch.Tenant, []);
            _entries.TryAdd(batch.Tenant, []);
            foreach (var (e, _, entry, envelope) in batch.Events)
            {
                _events[batch.Tenant].Add(e);
                _entries[batch.Tenant].Add(entry);
                if (envelope is not null) _sealed[(e.Stream, e.Place.Version)] = envelope;
            }

            foreach (var (command, outcome) in batch.Outcomes) _outcomes.Add((batch.Tenant, command), outcome);
            _appended.TrySetResult();
            _appended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private sealed class Transaction(MemoryEngine engine, Snapshot snapshot) : IEventTransaction
    {
        public Snapshot Snapshot => snapshot;

        public Task CommitAsync(Batch batch, CancellationToken ct)
        {
            engine.Write(batch);
            return Task.CompletedTask;
        }

        public Task EndAsync(CancellationToken ct) => Task.CompletedTask;

        public ValueTask DisposeAsync()
        {
            engine._writing.Release();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Lease(MemoryEngine engine, string subscription) : ISubscriptionLease
    {
        public Task<IReadOnlyDictionary<TenantId, long>> ReadCheckpointsAsync(CancellationToken ct)
        {
            lock (engine._gate)
            {
                return Task.FromResult<IReadOnlyDictionary<TenantId, long>>(
                    engine._checkpoints.Where(c => c.Key.Subscription == subscription).ToDictionary(c => c.Key.Tenant, c => c.Value));
            }
        }

        public Task SaveCheckpointAsync(TenantId tenant, long nextPosition, CancellationToken ct)
        {
            lock (engine._gate) engine._checkpoints[(subscription, tenant)] = nextPosition;
            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            lock (engine._gate) engine._leased.Remove(subscription);
            return ValueTask.CompletedTask;
        }
    }
}
