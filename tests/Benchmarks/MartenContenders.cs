using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Marten;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using JasperFx;
using Marten;
using Npgsql;

namespace ConsentLedger.Benchmarks;

/// <summary>Marten three ways: under our group commit, by itself as it comes, and by itself with all that is known to make it faster.</summary>
internal sealed class MartenContenders : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _open = [];
    private string _plain = "", _tuned = "";

    public static async Task<MartenContenders> EnterAsync(Contest contest, CancellationToken ct)
    {
        var contenders = new MartenContenders();
        await contenders.EnterOursAsync(contest, ct);
        contenders._plain = await contenders.EnterAsync(contest, "plain Marten", source: NpgsqlDataSource.Create, ct);
        contenders._tuned = await contenders.EnterAsync(contest, "tuned Marten", source: NpgsqlLedger.DataSource, ct);
        return contenders;
    }

    public void Print(Contest contest, string unit)
    {
        foreach (var ours in contest.Names.Where(n => n.StartsWith("append", StringComparison.Ordinal)))
            foreach (var theirs in (string[])[_plain, _tuned])
                contest.Print(ours, unit, theirs, theirs);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var open in Enumerable.Reverse(_open)) await open.DisposeAsync();
    }

    private async Task EnterOursAsync(Contest contest, CancellationToken ct)
    {
        var database = Keep(await PostgresDatabase.CreateAsync("bench"));
        var engine = Keep(new MartenEngine(Keep(NpgsqlLedger.DataSource(database.ConnectionString)), AppendBenchmark.Catalog));
        await engine.EnsureSchemaAsync(ct);
        var loop = Keep(new DeciderLoop(engine, AppendBenchmark.Catalog, TimeProvider.System));
        contest.Enter("append-through-marten", s => AppendBenchmark.AppendAsync(loop, five: true, s, ct));
        contest.Enter("append-through-marten-one-tenant", s => AppendBenchmark.AppendAsync(loop, five: false, s, ct));
    }

    /// <summary>One session an event, at the number of sessions at once at which it does most.</summary>
    private async Task<string> EnterAsync(Contest contest, string name, Func<string, NpgsqlDataSource> source, CancellationToken ct)
    {
        var database = Keep(await PostgresDatabase.CreateAsync("bench"));
        var store = Keep(DocumentStore.For(options =>
        {
            options.Connection(Keep(source(database.ConnectionString)));
            options.AddConsentLedgerStreams(AppendBenchmark.Catalog);
            options.AutoCreateSchemaObjects = AutoCreate.None;
        }));
        await store.Storage.Database.ApplyAllConfiguredChangesToDatabaseAsync(AutoCreate.CreateOrUpdate, ct: ct);

        var (best, most) = (0, 0.0);
        foreach (var sessions in (int[])[1, 4, 8, 16, 32, 64])
        {
            var rate = await PerSecondAsync(sessions, 2);
            if (rate > most) (best, most) = (sessions, rate);
        }

        var entered = $"{name}, one event a session, {best} sessions at once";
        contest.Enter(entered, s => PerSecondAsync(best, s));
        return entered;

        Task<double> PerSecondAsync(int sessions, int seconds) => PerSecond.MeasureAsync(sessions, seconds, async (caller, i) =>
        {
            var stream = AppendBenchmark.StreamOf(TenantId.Parse("quintus"), caller, i);
            await using var session = store.LightweightSession(stream.Tenant.ToString());
            session.Events.Append(stream.Id.ToString(), AppendBenchmark.Event(i));
            await session.SaveChangesAsync(ct);
        }, ct);
    }

    private T Keep<T>(T open) where T : IAsyncDisposable
    {
        _open.Add(open);
        return open;
    }
}
