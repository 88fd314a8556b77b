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
    private bool _alone = true;

    public TenantLoop(TenantId tenant, IEventEngine engine, EventCatalog catalog, TimeProvider clock, LedgerMetrics metrics)
    {
        (_tenant, _engine, _clock, _metrics, _memory) = (tenant, engine, clock, metrics, new Memory(tenant, catalog));
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
        var work = new Work(_memory);
        Work? flying = null;
        var flight = Task.CompletedTask;
        var arrival = _queue.Reader.WaitToReadAsync(stopping).AsTask();
        try
        {
            while (true)
            {
                if (flying is null) await arrival;
                else if (work.Count >= MaxBatch) await Settled(flight);
                else await Task.WhenAny(Settled(flight), arrival);

                if (flying is not null && flight.IsCompleted)
                {
                    if (flight.IsCompletedSuccessfully)
                    {
                        flying.Answer();
                    }
                    else
                    {
                        // What was decided since rests on what was not written: both again, from the ground.
                        await CarryOutCarefullyAsync([.. flying.Pending, .. work.Pending], flight.Exception?.InnerException, stopping);
                        work = new Work(_memory);
                    }

                    flying = null;
                }

                if (arrival.IsCompleted)
                {
                    if (!await arrival)
                    {
                        await Settled(flight);
                        if (flight.IsCompletedSuccessfully) flying?.Answer();
                        return;
                    }

                    work = await DecideArrivedAsync(work, stopping);
                    if (!_queue.Reader.TryPeek(out _)) arrival = _queue.Reader.WaitToReadAsync(stopping).AsTask();
                }

                if (flying is null && work.Count > 0)
                {
                    (flying, work) = (work, new Work(_memory));
                    flight = flying.HasSomethingToWrite ? _metrics.CommitAsync(flying.Close(), flying.Count, _engine.AppendAsync, stopping) : Task.CompletedTask;
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await Settled(flight);
            if (flight.IsCompletedSuccessfully) flying?.Answer();
        }
        finally
        {
            // First, so that after a bug nobody waits for a loop that is gone.
            _queue.Writer.TryComplete();
            var gone = new StoreUnavailableException("The ledger shut down before it answered.");
            foreach (var pending in flying?.Pending ?? []) pending.Answer.TrySetException(gone);
            foreach (var pending in work.Pending) pending.Answer.TrySetException(gone);
            while (_queue.Reader.TryRead(out var left)) left.Answer.TrySetException(gone);
        }
    }

    /// <summary>Takes what is in the queue and decides it on top of what is already decided.</summary>
    private async Task<Work> DecideArrivedAsync(Work work, CancellationToken stopping)
    {
        var arrived = new List<Pending>();
        while (work.Count + arrived.Count < MaxBatch && _queue.Reader.TryRead(out var next)) arrived.Add(next);
        if (arrived.Count == 0) return work;
        if (_memory.IsFull && work.Count == 0) _memory.Forget();

        Exception? reason = null;
        if (_alone)
        {
            try
            {
                var needs = Needs.Of(arrived, _memory);

                // Command ids are not looked up: nearly all are new, and a repeat collides with its own first row. Only a conflict leaves no row,
                // so whoever expects a version is looked up.
                var expecting = IdsOf(arrived.Where(p => p.Command.ExpectedVersion is not null));
                if (needs.Any || expecting.Count > 0) work.Load(await _engine.LoadAsync(_tenant, expecting, needs.Streams, stopping), needs);
                foreach (var pending in arrived) work.CarryOut(pending, _clock.GetUtcNow());
                return work;
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                reason = e;
            }
        }

        await CarryOutCarefullyAsync([.. work.Pending.Concat(arrived).Distinct()], reason, stopping);
        return new Work(_memory);
    }

    /// <summary>Under lock: reads what these commands need, decides, commits. Tries until it is done or hopeless, and answers every one of them.</summary>
    private async Task CarryOutCarefullyAsync(IReadOnlyList<Pending> batch, Exception? reason, CancellationToken stopping)
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
                if (work.HasSomethingToWrite) await _metrics.CommitAsync(work.Close(), work.Count, transaction.CommitAsync, stopping);
                else await transaction.EndAsync(stopping);
                _alone = before == transaction.Snapshot.Head;
                work.Answer();
                return;
            }
            catch (Exception e) when (e is StoreUnavailableException or AppendConflictException && _clock.GetElapsedTime(started) < GiveUpAfter)
            {
                // The commit may have gone through. Command ids make the next try harmless either way, and where there is none, the state read anew does.
                reason = e;
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                // An outage that lasts, or a bug. It belongs to these callers; the loop lives on for the next.
                _memory.Forget();
                foreach (var pending in batch) pending.Answer.TrySetException(e);
                return;
            }
        }
    }

    private static List<Digest> IdsOf(IEnumerable<Pending> commands) => [.. commands.Select(p => p.Command.Id).OfType<Digest>()];

    private static Task Settled(Task task) => task.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
