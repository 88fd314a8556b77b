using System.Diagnostics;
using ConsentLedger.EventStore;

namespace ConsentLedger.Benchmarks;

/// <summary>
/// Durable single-event appends: 256 callers through the decider loop, against <c>pgbench</c> inserting the same row, one a commit, from 32 clients.
/// Five rounds, taking turns, on one server; once over the five controllers, and once over a single one, whose order is one lock. Where Marten is
/// compiled in, the same through it, and beside it Marten by itself, as it comes and tuned, each with as many sessions at once as suit it best.
/// </summary>
internal static class AppendBenchmark
{
    internal const int Callers = 256;

    private const int Rounds = 5, StreamsEach = 64;

    private const string Unit = "events/s, 256 callers, one event a command";

    private static readonly TenantId[] Tenants = [.. new[] { "spectral-tms", "assutech", "allure-systems", "quintus", "vms" }.Select(TenantId.Parse)];

    private static readonly StreamType<Count> Stream = new(new Count(0), (count, _, _) => new Count(count.Events + 1));

    internal static EventCatalog Catalog { get; } = new(("consent.granted.v1", typeof(Granted)));

    public static async Task RunAsync(CancellationToken ct)
    {
        await using var stage = await Stage.SetAsync(ct);
        var (ours, pgbench) = (stage.Loop, stage.PgBench);
        var contest = new Contest(ct);
        contest.Enter("pgbench", s => pgbench.InsertsPerSecondAsync(32, s, ct));
        contest.Enter("append", s => AppendAsync(ours, Tenants, s, ct));
        contest.Enter("append-one-tenant", s => AppendAsync(ours, Tenants[..1], s, ct));
#if MARTEN
        await using var marten = await MartenContenders.EnterAsync(contest, ct);
#endif
        await contest.RunAsync(Rounds, Stage.Seconds);

        foreach (var name in contest.Names.Where(n => n.StartsWith("append", StringComparison.Ordinal)))
            contest.Print(name, Unit, "pgbench", "pgbench one-row INSERT + commit, 32 clients");
#if MARTEN
        marten.Print(contest, Unit);
#endif
    }

    internal static Task<double> AppendAsync(DeciderLoop loop, bool five, int seconds, CancellationToken ct, byte[]? personal = null, Seal? seal = null) =>
        AppendAsync(loop, five ? Tenants : Tenants[..1], seconds, ct, personal, seal);

    internal static Command CommandOf(string run, int caller, int i) => CommandOf(Tenants, run, caller, i, default, null);

    internal static StreamKey StreamOf(TenantId tenant, int caller, int i) => new(tenant, new StreamId(new Guid(caller, (short)(i % StreamsEach), 0x4000, 0x80, 0, 0, 0, 0, 0, 0, 1)));

    internal static Granted Event(int i) => new("newsletter", "email", "controller", "2018-04-24", DateTimeOffset.UnixEpoch.AddSeconds(i), "subject", "web-form");

    private static async Task<double> AppendAsync(DeciderLoop loop, TenantId[] tenants, int seconds, CancellationToken ct, byte[]? personal = null, Seal? seal = null)
    {
        var run = $"{Guid.CreateVersion7(TimeProvider.System.GetUtcNow())}";
        return await PerSecond.MeasureAsync(Callers, seconds, (caller, i) => loop.ExecuteAsync(CommandOf(tenants, run, caller, i, personal, seal), ct), ct);
    }

    private static Command CommandOf(TenantId[] tenants, string run, int caller, int i, ReadOnlyMemory<byte> personal, Seal? seal)
    {
        var granted = new NewEvent(Event(i), personal);
        return new Command(StreamOf(tenants[caller % tenants.Length], caller, i), Stream, Digest.Of(run, $"{caller}/{i}"), default, _ => new Decision.Record([granted])) { Seal = seal };
    }

    internal sealed record Granted(string Purpose, string Channel, string Recipient, string PolicyVersion, DateTimeOffset OccurredAt, string Actor, string Method);

    internal sealed record Count(long Events);
}

/// <summary>How often callers get something done in a while, each waiting for one answer before it asks again.</summary>
internal static class PerSecond
{
    public static async Task<double> MeasureAsync(int callers, int seconds, Func<int, int, Task> once, CancellationToken ct)
    {
        var clock = Stopwatch.StartNew();
        var done = 0L;
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; clock.Elapsed.TotalSeconds < seconds; i++)
            {
                await once(caller, i);
                Interlocked.Increment(ref done);
            }
        }, ct)));
        return done / clock.Elapsed.TotalSeconds;
    }
}
