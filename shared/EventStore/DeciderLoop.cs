using System.Threading.Channels;

namespace ConsentLedger.EventStore;

/// <summary>
/// Carries commands out, many per transaction. Concurrent callers wait in a bounded queue; one loop takes what has arrived, decides every
/// command in memory in order of arrival and commits all of it at once, so a flush to disk is shared instead of queued for.
/// </summary>
/// <remarks>
/// States are remembered between batches and believed only while the tenant's head stands where this loop left it: another replica that
/// wrote in between moves the head, and then everything known of that tenant is read again. After any failed commit everything is.
/// </remarks>
public sealed class DeciderLoop : IAsyncDisposable
{
    public const int MaxBatch = 512;
    private const int MaxRememberedStreams = 100_000;

    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(15);

    private readonly IEventEngine _engine;
    private readonly EventCatalog _catalog;
    private readonly TimeProvider _clock;
    private readonly Channel<Pending> _queue = Channel.CreateBounded<Pending>(new BoundedChannelOptions(4096) { SingleReader = true });
    private readonly CancellationTokenSource _stopping = new();
    private readonly Dictionary<TenantId, Known> _known = [];
    private readonly Task _loop;
    private int _rememberedStreams;

    public DeciderLoop(IEventEngine engine, EventCatalog catalog, TimeProvider clock)
    {
        (_engine, _catalog, _clock) = (engine, catalog, clock);
        _loop = Task.Run(() => RunAsync(_stopping.Token));
    }

    /// <summary>Decides and records. When it returns, what it says is on disk; when it throws <see cref="StoreUnavailableException"/>, the same command again finds out.</summary>
    public async Task<Outcome> ExecuteAsync(Command command, CancellationToken ct)
    {
        var pending = new Pending(command);
        try
        {
            await _queue.Writer.WriteAsync(pending, ct);
        }
        catch (ChannelClosedException closed)
        {
            throw new StoreUnavailableException("The ledger is shutting down.", closed);
        }

        return await pending.Answer.Task.WaitAsync(ct);
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        var batch = new List<Pending>(MaxBatch);
        try
        {
            while (await _queue.Reader.WaitToReadAsync(stopping))
            {
                batch.Clear();
                while (batch.Count < MaxBatch && _queue.Reader.TryRead(out var next)) batch.Add(next);
                await CarryOutAsync(batch, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested) { }

        var gone = new StoreUnavailableException("The ledger shut down before it answered.");
        foreach (var pending in batch) pending.Answer.TrySetException(gone);
        while (_queue.Reader.TryRead(out var left)) left.Answer.TrySetException(gone);
    }

    private async Task CarryOutAsync(List<Pending> batch, CancellationToken stopping)
    {
        var started = _clock.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await TryCarryOutAsync(batch, stopping);
                return;
            }
            catch (AppendConflictException) when (attempt < 10)
            {
                // Someone wrote past the head. What we knew is worth nothing; what they wrote is read on the next try.
                Forget();
            }
            catch (Exception e) when (e is StoreUnavailableException or AppendConflictException)
            {
                // The commit may have gone through. Command ids make the next try harmless either way.
                Forget();
                if (_clock.GetElapsedTime(started) < GiveUpAfter)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(50 << attempt, 1000)), _clock, stopping);
                    continue;
                }

                foreach (var pending in batch) pending.Answer.TrySetException(e);
                return;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // A bug. It belongs to these callers; the loop lives on for the next.
                Forget();
                foreach (var pending in batch) pending.Answer.TrySetException(e);
                return;
            }
        }
    }

    private async Task TryCarryOutAsync(List<Pending> batch, CancellationToken ct)
    {
        var tenants = new HashSet<TenantId>();
        var streams = new Dictionary<StreamKey, StreamType>();
        foreach (var (command, _) in batch)
        {
            tenants.Add(command.Stream.Tenant);
            streams.TryAdd(command.Stream, command.Type);
            foreach (var (stream, type) in command.Reads) streams.TryAdd(stream, type);
        }

        var unknown = streams.Keys.Where(s => !IsKnown(s)).ToList();
        await using var transaction = await _engine.BeginAsync(tenants, [.. batch.Select(p => p.Key)], unknown, ct);

        var overtaken = tenants.Where(t => _known.TryGetValue(t, out var known) && known.NextPosition != transaction.Heads[t].NextPosition).ToHashSet();
        IReadOnlyList<StoredEvent> more = [];
        if (overtaken.Count > 0)
        {
            more = await transaction.ReadAsync([.. streams.Keys.Where(s => overtaken.Contains(s.Tenant) && IsKnown(s))], ct);
            foreach (var tenant in overtaken) Forget(tenant);
        }

        var work = new Work(streams, transaction, _clock.GetUtcNow(), Recall, _catalog);
        work.Load(transaction.Events);
        work.Load(more);
        foreach (var pending in batch) work.CarryOut(pending);

        if (work.HasSomethingToWrite) await transaction.CommitAsync(work.ToBatch(), ct);

        // From here on the answers are true, whatever happens to this process.
        Remember(work);
        work.Answer();
    }

    private bool IsKnown(StreamKey stream) => _known.TryGetValue(stream.Tenant, out var known) && known.Streams.ContainsKey(stream.Id);

    private (object State, long Version)? Recall(StreamKey stream) =>
        _known.TryGetValue(stream.Tenant, out var known) && known.Streams.TryGetValue(stream.Id, out var state) ? state : null;

    private void Remember(Work work)
    {
        if (_rememberedStreams > MaxRememberedStreams) Forget();
        foreach (var (tenant, head) in work.Heads)
        {
            if (!_known.TryGetValue(tenant, out var known)) _known[tenant] = known = new Known();
            known.NextPosition = head.NextPosition;
        }

        foreach (var (stream, state) in work.States)
        {
            var streams = _known[stream.Tenant].Streams;
            if (!streams.ContainsKey(stream.Id)) _rememberedStreams++;
            streams[stream.Id] = state;
        }
    }

    private void Forget(TenantId tenant)
    {
        if (_known.Remove(tenant, out var known)) _rememberedStreams -= known.Streams.Count;
    }

    private void Forget()
    {
        _known.Clear();
        _rememberedStreams = 0;
    }

    private sealed class Known
    {
        public long NextPosition { get; set; }

        public Dictionary<StreamId, (object State, long Version)> Streams { get; } = [];
    }
}

internal sealed record Pending(Command Command)
{
    public CommandKey Key => new(Command.Stream.Tenant, Command.Id);

    public TaskCompletionSource<Outcome> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Deconstruct(out Command command, out TaskCompletionSource<Outcome> answer) => (command, answer) = (Command, Answer);
}
