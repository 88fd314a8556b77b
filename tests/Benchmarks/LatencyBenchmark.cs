using System.Collections.Concurrent;
using System.Diagnostics;
using ConsentLedger.EventStore;

namespace ConsentLedger.Benchmarks;

/// <summary>
/// How long a caller waits at half load: events arrive at half the rate that 256 callers reach, and <c>pgbench</c> gets half of its own at 32 clients. Both count from
/// when a request was due, not from when its turn came.
/// </summary>
internal static class LatencyBenchmark
{
    private const int Rounds = 5;

    public static async Task RunAsync(CancellationToken ct)
    {
        await using var stage = await Stage.SetAsync(ct);
        var (ours, pgbench) = (stage.Loop, stage.PgBench);

        var (mine, theirs) = (new List<double>(), new List<double>());
        await AppendBenchmark.AppendAsync(ours, five: true, 2, ct);
        for (var round = 1; round <= Rounds; round++)
        {
            theirs.Add(await pgbench.P99Async(32, Stage.Seconds, await pgbench.InsertsPerSecondAsync(32, Stage.Seconds, ct) / 2, ct));
            mine.Add(await P99Async(ours, Stage.Seconds, await AppendBenchmark.AppendAsync(ours, five: true, Stage.Seconds, ct) / 2, ct));
            await Console.Error.WriteLineAsync($"  round {round}: p99 of pgbench {theirs[^1]:N1} ms, of appends {mine[^1]:N1} ms");
        }

        new Figure("append-p99-half-load", Figure.Median(mine), "ms at half the rate of 256 callers, five controllers", "ms, pgbench one-row INSERT + commit at half the rate of its 32 clients", Figure.Median(theirs)).Print();
    }

    private static async Task<double> P99Async(DeciderLoop loop, int seconds, double perSecond, CancellationToken ct)
    {
        var run = $"{Guid.CreateVersion7(TimeProvider.System.GetUtcNow())}";
        var latencies = new ConcurrentBag<double>();
        var pending = new List<Task>();
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < perSecond * seconds; i++)
        {
            var due = TimeSpan.FromSeconds(i / perSecond);
            if (due - clock.Elapsed is { TotalMilliseconds: >= 1 } early) await Task.Delay(early, ct);
            pending.Add(AppendOneAsync(i, due));
        }

        await Task.WhenAll(pending);
        return latencies.Order().ElementAt((int)(latencies.Count * 0.99));

        async Task AppendOneAsync(int i, TimeSpan due)
        {
            await loop.ExecuteAsync(AppendBenchmark.CommandOf(run, i % AppendBenchmark.Callers, i), ct);
            latencies.Add((clock.Elapsed - due).TotalMilliseconds);
        }
    }
}
