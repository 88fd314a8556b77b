using ConsentLedger.EventStore;
using ConsentLedger.Resilience;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.Timers;

/// <summary>
/// Sleeps until something falls due and records it. One process at a time does so; if two do, while a lease changes hands, a stream's state lets one of them.
/// There is nothing to acknowledge: the event that a timer fires is what ends it, so whoever is killed leaves either both or none.
/// </summary>
internal sealed partial class FireTimers(
    TimerTable table, TimerRows rows, ApplyNewRules rules, IEventEngine engine, DeciderLoop ledger, StateReader reader, TimerMetrics metrics, Remotes remotes, TimeProvider clock, ILogger<FireTimers> log) : BackgroundService
{
    internal const string Remote = "timers";

    /// <summary>Of one tenant at a time. What many tenants have due goes round in pages, so the one with a million keeps nobody waiting for longer than a page.</summary>
    internal const int Page = 256;

    private const int TenantsAtOnce = 4;

    /// <summary>How soon another process takes over, and how long an append that sets an earlier timer may go unnoticed.</summary>
    private static readonly TimeSpan Breath = TimeSpan.FromSeconds(1);

    /// <summary>That an append was made elsewhere may never be heard. So much later it is seen.</summary>
    private static readonly TimeSpan Unheard = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LongestSleep = TimeSpan.FromDays(1);
    private static readonly TimeSpan LongestPutOff = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LagInterval = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, TimedStream> _kinds = table.Kinds.ToDictionary(k => k.Type.Name);
    private volatile bool _firing;
    private long _failingSince;

    /// <summary>How long this process has been trying in vain; null where all is well, or another one does the work.</summary>
    internal TimeSpan? FailingFor => Volatile.Read(ref _failingSince) is not 0 and var since ? clock.GetElapsedTime(since) : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var measuring = MeasureLagAsync(stoppingToken);
        await remotes.KeepGoingAsync(Remote, "fire", TakeTurnsAsync, TellOfFailure, stoppingToken);
        await measuring;
    }

    private async Task TakeTurnsAsync(CancellationToken ct)
    {
        while (true)
        {
            await using var lease = await engine.TryLeaseAsync("timers", ct);
            if (lease is null)
            {
                Volatile.Write(ref _failingSince, 0);
                await Task.Delay(Breath, clock, ct);
                continue;
            }

            _firing = true;
            using var turn = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var applying = rules.RunAsync(turn.Token);
            try
            {
                while (true)
                {
                    if (applying.IsFaulted) await applying;

                    // Throws where the lease has gone with its connection.
                    await lease.ReadCheckpointsAsync(ct);

                    // Asked before looking, so an append between the look and the sleep ends the sleep.
                    using var awake = CancellationTokenSource.CreateLinkedTokenSource(ct);
                    var appended = engine.WaitForAppendAsync(Unheard, awake.Token);
                    var next = await FireRoundAsync(ct);
                    Volatile.Write(ref _failingSince, 0);
                    await SleepAsync(next, applying.IsCompleted ? appended : Task.WhenAny(appended, applying), awake.Token);
                    await awake.CancelAsync();
                }
            }
            finally
            {
                _firing = false;
                metrics.Lags(null);
                await turn.CancelAsync();
                await applying.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }

    /// <summary>Fires a page of every tenant that has anything due.</summary>
    /// <returns>When to look again; null where nothing is set.</returns>
    internal async Task<DateTimeOffset?> FireRoundAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var next = await rows.ReadNextAsync(ct);
        var due = next.Where(n => n.LookAt <= now).ToList();
        await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = TenantsAtOnce, CancellationToken = ct }, async (n, ct) => await FirePageAsync(n.Tenant, now, ct));
        return due.Count > 0 ? now : next.Count > 0 ? next.Min(n => n.LookAt) : null;
    }

    private async Task FirePageAsync(TenantId tenant, DateTimeOffset now, CancellationToken ct)
    {
        var page = await rows.ReadDueAsync(tenant, now, Page, ct);
        var fired = await Task.WhenAll(page.Select(row => TryFireAsync(row, ct)));

        // A stream that cannot be read fails whoever is read along with it. One by one, only that stream itself is put off.
        foreach (var (row, _) in fired.Where(f => f.Failure is not null))
        {
            if (await TryFireAsync(row, ct) is { Failure: { } failure }) await PutOffAsync(row, failure, ct);
        }
    }

    private async Task<(TimerRow Row, Exception? Failure)> TryFireAsync(TimerRow row, CancellationToken ct)
    {
        try
        {
            if (!_kinds.TryGetValue(row.Kind, out var kind)) throw new InvalidDataException($"Nothing here says what time does to {row.Kind}.");
            switch (await ledger.ExecuteAsync(kind.Fire(row.Stream), ct))
            {
                case Outcome.Recorded recorded:
                    metrics.Fired(row.Kind, recorded.Events);
                    break;
                case Outcome.Unchanged:
                    // The row is of a stream that changed meanwhile, or of an older rule; or the clock was set back between the look and the decision.
                    var (next, version) = await kind.ReadAsync(row.Stream, reader, ct);
                    await rows.CorrectAsync(row, next, clock.GetUtcNow() + Breath, version, ct);
                    break;
            }

            return (row, null);
        }
        catch (Exception failure) when (failure is not (StoreUnavailableException or OperationCanceledException))
        {
            return (row, failure);
        }
    }

    /// <summary>For as long again as it is late: it is tried ever more rarely, and what else is due goes on.</summary>
    private async Task PutOffAsync(TimerRow row, Exception failure, CancellationToken ct)
    {
        metrics.Failed(row.Kind);
        var now = clock.GetUtcNow();
        var late = now - row.DueAt;
        var putOff = late < Breath ? Breath : late < LongestPutOff ? late : LongestPutOff;
        NotFired(row.Kind, failure.GetType().Name, putOff.TotalSeconds);
        await rows.PutOffAsync(row, now + putOff, ct);
    }

    /// <summary>Until the first timer is due by this clock, however it is moved; or until something was appended, which may have set an earlier one.</summary>
    private async Task SleepAsync(DateTimeOffset? next, Task appended, CancellationToken ct)
    {
        var left = next - clock.GetUtcNow() ?? LongestSleep;
        if (left <= TimeSpan.Zero) return;
        var due = Task.Delay(left < LongestSleep ? left : LongestSleep, clock, ct);

        // A clock that was moved before it had this timer to tell would be slept through.
        if (left - (next - clock.GetUtcNow()) > Breath) return;
        await Task.WhenAny(due, Task.WhenAll(appended, Task.Delay(Breath, ct)));
        ct.ThrowIfCancellationRequested();
    }

    private void TellOfFailure(Retry retry)
    {
        Interlocked.CompareExchange(ref _failingSince, clock.GetTimestamp(), 0);
        Stopped(retry.Exception?.GetType().Name ?? "", retry.Delay.TotalMilliseconds);
    }

    // Asked of the table and not of what was fired: when nothing fires, it lags most.
    private async Task MeasureLagAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(LagInterval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                try
                {
                    if (_firing) metrics.Lags(await ReadLagAsync(stopping));
                }
                catch (StoreUnavailableException)
                {
                    // The last measure stands until there is another.
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested) { }
    }

    internal async Task<TimeSpan> ReadLagAsync(CancellationToken ct)
    {
        var next = await rows.ReadNextAsync(ct);
        var lag = next.Count == 0 ? TimeSpan.Zero : clock.GetUtcNow() - next.Min(n => n.LookAt);
        return lag < TimeSpan.Zero ? TimeSpan.Zero : lag;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "What fell due in a stream of kind {Kind} could not be recorded ({Error}). It is tried again in {Seconds:0} s.")]
    private partial void NotFired(string kind, string error, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Timers stopped ({Error}). They go on in {DelayMs} ms.")]
    private partial void Stopped(string error, double delayMs);
}
