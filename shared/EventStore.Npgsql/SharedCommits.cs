using Npgsql;

namespace ConsentLedger.EventStore.Npgsql;

/// <summary>
/// Batches of different tenants share a transaction, and so a flush: those that come while enough are being written wait, and are written together. What one of them
/// spoils is written again one by one, so that no tenant fails for another's race, or waits for another's lock.
/// </summary>
/// <param name="write">Writes all of these batches or none; of a tenant there is one at most.</param>
internal sealed class SharedCommits(Func<IReadOnlyList<Batch>, CancellationToken, Task> write) : IAsyncDisposable
{
    // One is flushed while processors are busy with the others.
    private static readonly int AtOnce = Environment.ProcessorCount + 1;

    // What takes longer waits for somebody else's lock, or for a disk that more writes at once do not make slower.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);

    // What a small write costs is its statements and its flush: the next waits so long for company beside it, or until it is done. Large ones fill while others are written.
    private static readonly TimeSpan Company = TimeSpan.FromMilliseconds(1);
    private const int Small = 16;

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly HashSet<Task> _writing = [];
    private List<Waiting> _waiting = [];
    private int _shared;
    private (Task Writing, int Events) _newest = (Task.CompletedTask, 0);

    /// <param name="close">Asked for the batch when it is written, under no lock of ours; null when there is none any more.</param>
    /// <exception cref="AppendConflictException">Nothing of this batch was written.</exception>
    /// <exception cref="StoreUnavailableException">It may or may not be written.</exception>
    public Task WriteAsync(TenantId tenant, Func<Batch?> close, CancellationToken ct)
    {
        var waiting = new Waiting(tenant, close, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_gate)
        {
            _waiting.Add(waiting);
            if (_shared < AtOnce)
            {
                _shared++;
                Start(WriteWaitingAsync);
            }
        }

        return waiting.Written.Task.WaitAsync(ct);
    }

    /// <summary>Whoever still waits does not hear what became of it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        while (true)
        {
            Task[] writing;
            lock (_gate) writing = [.. _writing.Where(w => !w.IsCompleted)];
            if (writing.Length == 0) break;
            await Task.WhenAll(writing);
        }

        _stopping.Dispose();
    }

    private void Start(Func<Task> work)
    {
        _writing.RemoveWhere(w => w.IsCompleted);
        _writing.Add(Task.Run(work));
    }

    private async Task WriteWaitingAsync()
    {
        while (await TakeAsync() is { Count: > 0 } together)
        {
            Closed[] closed = [.. together.Select(Close).OfType<Closed>()];
            var writing = WriteAsync(closed);
            lock (_gate) _newest = (writing, closed.Sum(c => c.Batch.Events.Count));
            if (await Task.WhenAny(writing, Task.Delay(Patience)) == writing) continue;
            lock (_gate) _writing.Add(writing);
        }
    }

    private async Task WriteAsync(IReadOnlyList<Closed> together)
    {
        if (together.Count == 0) return;
        var writing = write([.. together.Select(w => w.Batch)], _stopping.Token);
        await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (together.Count > 1 && writing.Exception?.InnerException is AppendConflictException or PostgresException)
        {
            // Should it be written all the same, the heads have moved, and each one's own try finds that out.
            lock (_gate)
                foreach (var waiting in together) Start(() => WriteAsync([waiting]));
            return;
        }

        foreach (var waiting in together) waiting.Written.TrySetFromTask(writing);
    }

    private async Task<IReadOnlyList<Waiting>> TakeAsync()
    {
        Task other;
        int events;
        lock (_gate) (other, events) = _newest;
        if (!other.IsCompleted && events < Small) await Task.WhenAny(other, Task.Delay(Company));
        return Take();
    }

    /// <summary>All that wait, one a tenant, in one order everywhere: who locks several heads locks them in that order.</summary>
    private List<Waiting> Take()
    {
        lock (_gate)
        {
            var together = _waiting.DistinctBy(w => w.Tenant).OrderBy(w => w.Tenant.ToString(), StringComparer.Ordinal).ToList();
            _waiting = together.Count == _waiting.Count ? [] : [.. _waiting.Except(together)];
            if (together.Count == 0) _shared--;
            return together;
        }
    }

    private static Closed? Close(Waiting waiting)
    {
        try
        {
            if (waiting.Close() is { } batch) return new Closed(batch, waiting.Written);
            waiting.Written.SetResult();
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            // Its own, and not its neighbours'.
            waiting.Written.SetException(bug);
        }

        return null;
    }

    private sealed record Waiting(TenantId Tenant, Func<Batch?> Close, TaskCompletionSource Written);

    private sealed record Closed(Batch Batch, TaskCompletionSource Written);
}
