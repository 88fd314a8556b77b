using Npgsql;

namespace ConsentLedger.EventStore.Npgsql;

/// <summary>
/// Wakes subscriptions: at once for commits of this process, by NOTIFY for those of others. It may miss one (a listener reconnecting),
/// which is why whoever waits also looks after a while.
/// </summary>
internal sealed class AppendSignal(NpgsqlDataSource dataSource) : IAsyncDisposable
{
    private static readonly TimeSpan ReconnectDelay = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _listening;

    public void Raise() => Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    public async Task WaitAsync(TimeSpan atMost, CancellationToken ct)
    {
        lock (_gate) _listening ??= Task.Run(() => ListenAsync(_stopping.Token), CancellationToken.None);
        await Task.WhenAny(Volatile.Read(ref _next).Task, Task.Delay(atMost, ct));
        ct.ThrowIfCancellationRequested();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (_listening is { } listening) await listening;
        _stopping.Dispose();
    }

    private async Task ListenAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await using var connection = await dataSource.OpenConnectionAsync(stopping);
                connection.Notification += (_, _) => Raise();
                await using (var listen = new NpgsqlCommand($"listen {NpgsqlSchema.AppendedChannel}", connection)) await listen.ExecuteNonQueryAsync(stopping);
                while (true) await connection.WaitAsync(stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (NpgsqlException)
            {
                // The database went away. Until it is back, those who wait poll.
                await Task.Delay(ReconnectDelay, stopping).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }
    }
}
