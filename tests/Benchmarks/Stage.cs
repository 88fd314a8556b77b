using System.Globalization;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using Npgsql;

namespace ConsentLedger.Benchmarks;

/// <summary>Where appends compete: a database of its own with our native engine in it, and <c>pgbench</c> beside it.</summary>
internal sealed class Stage : IAsyncDisposable
{
    private readonly PostgresDatabase _database;
    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlEngine _engine;

    private Stage(PostgresDatabase database, Func<NpgsqlDataSource, NpgsqlEngine> engine)
    {
        _database = database;
        _source = NpgsqlLedger.DataSource(database.ConnectionString);
        _engine = engine(_source);
        Loop = new DeciderLoop(_engine, AppendBenchmark.Catalog, TimeProvider.System);
    }

    /// <summary>BENCH_SECONDS: how long a contender's turn is.</summary>
    public static int Seconds { get; } = int.Parse(Environment.GetEnvironmentVariable("BENCH_SECONDS") ?? "5", CultureInfo.InvariantCulture);

    public DeciderLoop Loop { get; }

    public PgBench PgBench { get; private set; } = null!;

    public static async Task<Stage> SetAsync(CancellationToken ct, Func<NpgsqlDataSource, NpgsqlEngine>? engine = null)
    {
        var stage = new Stage(await PostgresDatabase.CreateAsync("bench"), engine ?? (source => new NpgsqlEngine(source)));
        await stage._engine.EnsureSchemaAsync(ct);
        stage.PgBench = await PgBench.CreateAsync(stage._database, stage._source, ct);
        return stage;
    }

    public async ValueTask DisposeAsync()
    {
        await Loop.DisposeAsync();
        await PgBench.DisposeAsync();
        await _engine.DisposeAsync();
        await _source.DisposeAsync();
        await _database.DisposeAsync();
    }
}
