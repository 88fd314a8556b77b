using System.Security.Cryptography;
using System.Threading.Channels;
using Npgsql;

namespace ConsentLedger.EventStore.Npgsql;

/// <summary>
/// Wakes who waits for a commit: at once for commits of this process, by NOTIFY for those of others. It may miss one (a process that ended before it told,
/// a listener reconnecting), which is why whoever waits also looks after a while.
/// </summary>
/// <param name="channel">On which other processes are told.</param>
public sealed class StoreSignal(NpgsqlDataSource dataSource, string channel) : IAsyncDisposable
{
    private static readonly TimeSpan ReconnectDelay = TimeSpan.FromSeconds(1);

    // The first is told at once; of many in a row, all that were meanwhile together.
    private static readonly TimeSpan BetweenWords = TimeSpan.FromMilliseconds(10);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Our own word comes back to us as well; we have heard it by then.
    private readonly string _here = RandomNumberGenerator.GetHexString(16);

    // Room for one: a word stands for all commits before it.
    private readonly Channel<bool> _owed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private Task? _listening;
    private Task? _telling;
    private long _told;

    /// <summary>Changes when another process tells of a commit, or may have told unheard.</summary>
    public long Told => Volatile.Read(ref _told);

    /// <summary>Something was committed here.</summary>
    public void Raise()
    {
        Wake();
        _owed.Writer.TryWrite(true);
        if (_telling is not null) return;
        lock (_gate) _telling ??= Task.Run(() => TellOthersAsync(_stopping.Token), CancellationToken.None);
    }

    /// <summary>Completes with the next commit after the call, or after <paramref name="atMost"/>.</summary>
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
        if (_telling is { } telling) await telling;
        _stopping.Dispose();
    }

    private void Wake() => Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    private void Hear()
    {
        Interlocked.Increment(ref _told);
        Wake();
    }

    // Not within the commit: a transaction that notifies holds a lock of the whole server until it is flushed, and no two tenants' commits would share a flush.
    private async Task TellOthersAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await _owed.Reader.ReadAsync(stopping);
                await using var tell = dataSource.CreateCommand($"select set_config('synchronous_commit', 'off', true), pg_notify('{channel}', '{_here}')");
                await tell.ExecuteNonQueryAsync(stopping);
                await Task.Delay(BetweenWords, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (Outages.IsAway(e))
            {
                // Others look after a while, and the next commit tells again.
            }
        }
    }

    private async Task ListenAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await using var connection = await dataSource.OpenConnectionAsync(stopping);
                connection.Notification += (_, word) =>
                {
                    if (word.Payload != _here) Hear();
                };
                await using (var listen = new NpgsqlCommand($"listen {channel}", connection)) await listen.ExecuteNonQueryAsync(stopping);
                Hear();
                while (true) await connection.WaitAsync(stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (Outages.IsAway(e))
            {
                // The database went away. Until it is back, those who wait poll.
                await Task.Delay(ReconnectDelay, stopping).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }
    }
}
