namespace ConsentLedger.Messaging.Receiving;

/// <summary>Lets messages of different subjects pass each other, and those of one subject follow each other.</summary>
internal sealed class SubjectLanes
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string? Tenant, string? Subject), Task> _last = [];

    /// <summary>Takes a place behind whoever has one in this lane, now; <paramref name="handle"/> runs when it is its turn.</summary>
    public Task EnqueueAsync((string? Tenant, string? Subject) lane, Func<Task> handle)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task? before;
        lock (_gate)
        {
            before = _last.GetValueOrDefault(lane);
            _last[lane] = done.Task;
        }

        return RunAsync(lane, before, handle, done);
    }

    private async Task RunAsync((string?, string?) lane, Task? before, Func<Task> handle, TaskCompletionSource done)
    {
        try
        {
            if (before is not null) await before;
            await handle();
        }
        finally
        {
            lock (_gate)
                if (_last[lane] == done.Task) _last.Remove(lane);
            done.SetResult();
        }
    }
}
