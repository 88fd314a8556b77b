using System.Threading.Channels;

namespace ConsentLedger.EventStore;

/// <summary>
/// Decides each command of one tenant in memory as it arrives; whenever the store is free, all that was decided since goes to disk in one commit, so a
/// flush is shared instead of queued for.
/// </summary>
/// <remarks>
/// Decisions rest on what the loop remembers, the batch still in flight included. The store accepts a batch only if the tenant's head is where the
/// loop believes it, so a wrong memory writes nothing: then everything is forgotten, the head is locked, and what was asked is decided again on what is
/// really there. While another replica keeps writing to the same tenant, every batch goes that careful way.
/// </remarks>
internal sealed class TenantLoop : IAsyncDisposable
{
    private const int MaxBatch = 512;

    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(15);

    private readonly TenantId _tenant;
    private readonly IEventEngine _engine;
    private readonly TimeProvider _clock;
    private readonly LedgerMetrics _metrics;
    private readonly Memory _memory;
    private readonly Channel<Pending> _queue = Channel.CreateBounded<Pending>(new BoundedChannelOptions(4096) { SingleReader = true });
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;

    // What is decided on: the store closes a batch from a thread of its own, when it is its turn.
    private readonly Lock _gate = new();
    private Work _work;
    private Work? _flying;

    // Taken from the queue to be decided, or decided on and to be decided again.
    private IReadOnlyList<Pending> _inHand = [];
    private bool _alone = true;

    public TenantLoop(TenantId tenant, IEventEngine engine, EventCatalog catalog, TimeProvider clock, LedgerMetrics metrics)
    {
        (_tenant, _engine, _clock, _metrics, _memory) = (tenant, engine, clock, metrics, new Memory(tenant, catalog));
        _work = new Work(_memory);
        _loop = Task.Run(() => RunAsync(_stopping.Token));
    }

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

        return await _metrics.AnswerAsync(pending.Answer.Task.WaitAsync(ct));
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
        Task? flight = null;
        var arrival = _queue.Reader.WaitToReadAsync(stopping).AsTask();
        try
        {
            while (true)
            {
                if (flight is null) await arrival;
                else if (_work.Count >= MaxBatch) await Settled(flight);
                else await Task.WhenAny(Settled(flight), arrival);

                if (flight is { IsCompleted: true })
                {
                    // What was decided since rests on what was not written: both again, from the ground.
                    if (flight.IsCompletedSuccessfully) _flying?.Answer();
                    else await CarryOutCarefullyAsync([.. _flying?.Pending ?? [], .. Take().Pending], flight.Exception?.InnerException, stopping);
                    (flight, _flying) = (null, null);
                }

                if (arrival.IsCompleted)
                {
                    if (!await arrival) return;
                    await DecideArrivedAsync(stopping);
                    if (!_queue.Reader.TryPeek(out _)) arrival = _queue.Reader.WaitToReadAsync(stopping).AsTask();
                }

                if (flight is null && _work.Count > 0)
                {
                    if (_work.HasSomethingToWrite) flight = _metrics.CommitAsync(_engine.AppendAsync(_tenant, Close, stopping), () => _flying);
                    else (_flying, flight) = (Take(), WaitUntilDurableAsync(stopping));
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested) { }
        finally
        {
            if (flight is not null) await Settled(flight);
            if (flight is { IsCompletedSuccessfully: true }) _flying?.Answer();

            // First, so that after a bug nobody waits for a loop that is gone.
            _queue.Writer.TryComplete();
            var gone = new StoreUnavailableException("The ledger shut down before it answered.");
            var decided = Take().Pending;
            foreach (var pending in (_flying?.Pending ?? []).Concat(decided).Concat(_inHand)) pending.Answer.TrySetException(gone);
            while (_queue.Reader.TryRead(out var left)) left.Answer.TrySetException(gone);
        }
    }

    /// <summary>Takes what is in the queue and decides it on top of what is already decided.</summary>
    private async Task DecideArrivedAsync(CancellationToken stopping)
    {
        var arrived = new List<Pending>();
        while (_work.Count + arrived.Count < MaxBatch && _queue.Reader.TryRead(out var next)) arrived.Add(next);
        if (arrived.Count == 0) return;
        lock (_gate)
            if (_memory.IsFull && _work.Count == 0) _memory.Forget();
        _inHand = arrived;

        Exception? reason = null;
        if (_alone)
        {
            try
            {
                var needs = Needs.Of(arrived, _memory);

                // Command ids are not looked up: nearly all are new, and a repeat collides with its own first row. Only a conflict leaves no row,
                // so whoever expects a version is looked up. What is still on its way to disk is not found there, and remembered until it is.
                var expecting = IdsOf(arrived.Where(p => p.Command.ExpectedVersion is not null));
                var snapshot = needs.Any || expecting.Count > 0 ? await _engine.LoadAsync(_tenant, expecting, needs.Streams, stopping) : null;
                lock (_gate)
                {
                    if (snapshot is not null) _work.Load(snapshot, needs);
                    foreach (var pending in arrived) _work.CarryOut(pending, _clock.GetUtcNow(), _flying);
                }

                return;
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                reason = e;
            }
        }

        await CarryOutCarefullyAsync([.. Take().Pending.Concat(arrived).Distinct()], reason, stopping);
    }

    /// <summary>What was decided so far is no longer decided on.</summary>
    private Work Take()
    {
        lock (_gate)
        {
            var decided = _work;
            _work = new Work(_memory);
            return decided;
        }
    }

    private Batch? Close()
    {
        lock (_gate)
        {
            if (_work.Count == 0) return null;
            _flying = Take();
            return _flying.Close();
        }
    }

    // What is only repeated was read without a lock, maybe before a standby had it.
    private async Task WaitUntilDurableAsync(CancellationToken stopping)
    {
        await using var transaction = await _engine.BeginAsync(_tenant, [], [], stopping);
        await transaction.EndAsync(stopping);
    }

    /// <summary>Under lock, and answers every one of them.</summary>
    private async Task CarryOutCarefullyAsync(IReadOnlyList<Pending> batch, Exception? reason, CancellationToken stopping)
    {
        _inHand = batch;
        if (await TryCarefullyAsync(batch, reason, stopping) is not { } fault) return;

        // An outage that lasts is everybody's. A bug in what one command needs, such as a stream that a newer release wrote, is that command's own.
        var everybodys = batch.Count == 1 || fault is StoreUnavailableException or AppendConflictException;
        foreach (var pending in batch)
        {
            var own = everybodys ? fault : await TryCarefullyAsync([pending], reason: null, stopping);
            if (own is not null) pending.Answer.TrySetException(own);
        }
    }

    /// <summary>Reads what these commands need, decides, commits. Tries until it is done or hopeless.</summary>
    /// <returns>Null when all are answered, or why none is.</returns>
    private async Task<Exception?> TryCarefullyAsync(IReadOnlyList<Pending> batch, Exception? reason, CancellationToken stopping)
    {
        var started = _clock.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (reason is StoreUnavailableException || attempt > 2) await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(25 << Math.Min(attempt, 5), 1000)), _clock, stopping);
                var before = _memory.Head;
                _memory.Forget();
                var needs = Needs.Of(batch, _memory);
                await using var transaction = await _engine.BeginAsync(_tenant, IdsOf(batch), needs.Streams, stopping);
                var work = new Work(_memory);
                work.Load(transaction.Snapshot, needs);
                foreach (var pending in batch) work.CarryOut(pending, _clock.GetUtcNow());
                if (work.HasSomethingToWrite) await _metrics.CommitAsync(transaction.CommitAsync(work.Close(), stopping), () => work);
                else await transaction.EndAsync(stopping);
                _alone = before == transaction.Snapshot.Head;
                work.Answer();
                return null;
            }
            catch (Exception e) when (e is StoreUnavailableException or AppendConflictException && _clock.GetElapsedTime(started) < GiveUpAfter)
            {
                // The commit may have gone through. Command ids make the next try harmless either way, and where there is none, the state read anew does.
                reason = e;
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                // An outage that lasts, or a bug. The loop lives on for the next.
                _memory.Forget();
                return e;
            }
        }
    }

    private static List<Digest> IdsOf(IEnumerable<Pending> commands) => [.. commands.Select(p => p.Command.Id).OfType<Digest>()];

    private static Task Settled(Task task) => task.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
