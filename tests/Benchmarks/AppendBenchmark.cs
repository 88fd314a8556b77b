using System.Diagnostics;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;

namespace ConsentLedger.Benchmarks;

/// <summary>
/// Durable single-event appends: 256 callers through the decider loop, against <c>pgbench</c> inserting the same row, one a commit, from 32 clients.
/// Five rounds, taking turns, on one server; once over the five controllers, and once over a single one, whose order is one lock.
/// </summary>
internal static class AppendBenchmark
{
    private const int Rounds = 5, Callers = 256, StreamsEach = 64;

    private static readonly TenantId[] Tenants = [.. new[] { "spectral-tms", "assutech", "allure-systems", "quintus", "vms" }.Select(TenantId.Parse)];

    private static readonly EventCatalog Catalog = new(("consent.granted.v1", typeof(Granted)));

    private static readonly StreamType<Count> Stream = new("subject", new Count(0), (count, _, _) => new Count(count.Events + 1));

    public static async Task RunAsync(CancellationToken ct)
    {
        var seconds = int.Parse(Environment.GetEnvironmentVariable("BENCH_SECONDS") ?? "5", System.Globalization.CultureInfo.InvariantCulture);
        await using var database = await PostgresDatabase.CreateAsync("bench");
        await using var source = NpgsqlLedger.DataSource(database.ConnectionString);
        await using var engine = new NpgsqlEngine(source);
        await engine.EnsureSchemaAsync(ct);
        await using var loop = new DeciderLoop(engine, Catalog, TimeProvider.System);
        await using var pgbench = await PgBench.CreateAsync(database, source, ct);

        await AppendAsync(loop, Tenants, 2, "warm-up", ct);
        await pgbench.InsertsPerSecondAsync(32, 2, ct);
        var (five, one, theirs) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            theirs.Add(await pgbench.InsertsPerSecondAsync(32, seconds, ct));
            five.Add(await AppendAsync(loop, Tenants, seconds, $"five {round}", ct));
            one.Add(await AppendAsync(loop, Tenants[..1], seconds, $"one {round}", ct));
            await Console.Error.WriteLineAsync($"  round {round + 1}: pgbench {theirs[^1]:N0}/s, five tenants {five[^1]:N0}/s, one tenant {one[^1]:N0}/s");
        }

        const string Unit = "events/s, 256 callers, one event a command", Baseline = "pgbench one-row INSERT + commit, 32 clients";
        new Figure("append", Figure.Median(five), Unit, Baseline, Figure.Median(theirs)).Print();
        new Figure("append-one-tenant", Figure.Median(one), Unit, Baseline, Figure.Median(theirs)).Print();
    }

    private static async Task<double> AppendAsync(DeciderLoop loop, TenantId[] tenants, int seconds, string round, CancellationToken ct)
    {
        var clock = Stopwatch.StartNew();
        var appended = 0L;
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; clock.Elapsed.TotalSeconds < seconds; i++)
            {
                var stream = new StreamKey(tenants[caller % tenants.Length], new StreamId(new Guid(caller, (short)(i % StreamsEach), 0x4000, 0x80, 0, 0, 0, 0, 0, 0, 1)));
                var granted = new Granted("newsletter", "email", "controller", "2018-04-24", DateTimeOffset.UnixEpoch.AddSeconds(i), "subject", "web-form");
                await loop.ExecuteAsync(new Command(stream, Stream, Digest.Of(round, $"{caller}/{i}"), default, _ => Decision.Of(granted)), ct);
                Interlocked.Increment(ref appended);
            }
        }, ct)));
        return appended / clock.Elapsed.TotalSeconds;
    }

    private sealed record Granted(string Purpose, string Channel, string Recipient, string PolicyVersion, DateTimeOffset OccurredAt, string Actor, string Method);

    private sealed record Count(long Events);
}
