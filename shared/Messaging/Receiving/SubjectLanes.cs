namespace ConsentLedger.Messaging.Receiving;

/// <summary>
/// Lets messages of different subjects pass each other, and those of one subject follow each other. A message that names no subject concerns its whole
/// tenant: it follows everything of that tenant before it, and is followed by everything after it.
/// </summary>
/// <param name="atOnce">So many are handled at the same time. Those that wait for others take no place among them.</param>
internal sealed class SubjectLanes(int atOnce) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _places = new(atOnce);
    private readonly Dictionary<string, TenantLanes> _tenants = [];

    /// <summary>Takes a place behind whoever has one in this lane, now; <paramref name="handle"/> runs when it is its turn, and ends the lane's wait even if it fails.</summary>
    public Task EnqueueAsync(string? tenant, string? subject, Func<Task> handle)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task before;
        lock (_gate)
        {
            if (!_tenants.TryGetValue(tenant ?? "", out var lanes)) _tenants.Add(tenant ?? "", lanes = new TenantLanes());
            before = lanes.Enter(subject, done.Task);
        }

        return RunAsync(tenant ?? "", subject, before, handle, done);
    }

    public void Dispose() => _places.Dispose();

    private async Task RunAsync(string tenant, string? subject, Task before, Func<Task> handle, TaskCompletionSource done)
    {
        try
        {
            // Not on the caller's time: it holds up the deliveries behind this one.
            await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            await _places.WaitAsync();
            try
            {
                Aside.Places.Value = _places;
                await handle();
            }
            finally
            {
                _places.Release();
            }
        }
        finally
        {
            lock (_gate)
                if (_tenants[tenant].Leave(subject, done.Task)) _tenants.Remove(tenant);
            done.SetResult();
        }
    }

    /// <summary>The last message of each lane, and the last that concerned all of them.</summary>
    private sealed class TenantLanes
    {
        private readonly Dictionary<string, Task> _last = [];
        private Task _lastForAll = Task.CompletedTask;

        /// <returns>What has to be done before.</returns>
        public Task Enter(string? subject, Task done)
        {
            Task before;
            if (subject is null)
            {
                before = Task.WhenAll(_last.Values.Append(_lastForAll));
                _last.Clear();
                _lastForAll = done;
            }
            else
            {
                before = _last.GetValueOrDefault(subject, _lastForAll);
                _last[subject] = done;
            }

            return before;
        }

        /// <returns>True when nobody is left.</returns>
        public bool Leave(string? subject, Task done)
        {
            if (subject is null && _lastForAll == done) _lastForAll = Task.CompletedTask;
            else if (subject is not null && _last.GetValueOrDefault(subject) == done) _last.Remove(subject);
            return _last.Count == 0 && _lastForAll.IsCompleted;
        }
    }
}
