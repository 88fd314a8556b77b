using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace ConsentLedger.Timers.Tests;

/// <summary>A database of its own, and as many replicas on it as a test wants.</summary>
public sealed class Library : IAsyncDisposable
{
    public static readonly TenantId Town = TenantId.Parse("town");

    private readonly List<IAsyncDisposable> _open = [];
    private PostgresDatabase _database = null!;
    private int _readers;

    private TimeProvider _ledgers = null!;

    /// <summary>The ledgers', and the workers' where they have no other.</summary>
    public SetClock Clock { get; } = new();

    public NpgsqlDataSource Sql { get; private set; } = null!;

    internal Replica First { get; private set; } = null!;

    /// <param name="clock">Another than the one that is set by hand.</param>
    public static async Task<Library> OpenAsync(TimeProvider? clock = null)
    {
        var library = new Library { _database = await PostgresDatabase.CreateAsync("timers") };
        library._ledgers = clock ?? library.Clock;
        library.Sql = NpgsqlLedger.DataSource(library._database.ConnectionString + ";Application Name=test");
        library.First = await library.ReplicaAsync();
        return library;
    }

    /// <param name="workers">The clock of the one who looks for what is due; the ledger's where none is given.</param>
    internal async Task<Replica> ReplicaAsync(TimeProvider? workers = null, EventCatalog? catalog = null, Func<IEventEngine, IEventEngine>? around = null, TimedStream? timed = null)
    {
        var replica = await Replica.OpenAsync(_database.ConnectionString + ";Maximum Pool Size=12", _ledgers, workers ?? _ledgers, catalog ?? Shelf.Catalog, around ?? (e => e), timed ?? Shelf.Timed);
        _open.Add(replica);
        return replica;
    }

    public StreamKey NewReader(TenantId? tenant = null) =>
        new(tenant ?? Town, new StreamId(new Guid(Interlocked.Increment(ref _readers), 0, 0x4000, 0x80, 0, 0, 0, 0, 0, 0, 1)));

    /// <summary>How often each book of a reader was asked back.</summary>
    internal async Task<IReadOnlyList<object>> AskedBackAsync(StreamKey reader) =>
        [.. (await First.Reader.ReadEventsAsync(reader, CancellationToken.None)).Select(First.Reader.Facts).OfType<AskedBack>()];

    public async Task<object?> AskAsync(string sql)
    {
        await using var command = Sql.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    public Task<object?> AskedBackInAllAsync() => AskAsync("select count(*) from mt_events where type = 'shelf.asked-back.v1'");

    public Task<object?> RowsAsync() => AskAsync("select count(*) from stream_timers");

    /// <summary>Every connection but those through which a test asks.</summary>
    public async Task<long> KillConnectionsAsync()
    {
        await using var admin = NpgsqlDataSource.Create($"{Servers.Postgres};Database=postgres;Pooling=false");
        await using var kill = admin.CreateCommand($"select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = '{_database.Name}' and application_name <> 'test'");
        return (long)(await kill.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var open in _open) await open.DisposeAsync();
        await Sql.DisposeAsync();
        await _database.DisposeAsync();
    }
}

/// <summary>What one process has: its own engine, memory and worker.</summary>
internal sealed class Replica(IHost host, IEventEngine engine, DeciderLoop ledger, TimeProvider clock) : IAsyncDisposable
{
    public DeciderLoop Ledger => ledger;

    public IEventEngine Engine => engine;

    public StateReader Reader => host.Services.GetRequiredService<StateReader>();

    public FireTimers Timers => host.Services.GetRequiredService<FireTimers>();

    public ApplyNewRules Rules => host.Services.GetRequiredService<ApplyNewRules>();

    public Measurements Measured => (Measurements)host.Services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>();

    public static async Task<Replica> OpenAsync(string connectionString, TimeProvider ledgers, TimeProvider workers, EventCatalog catalog, Func<IEventEngine, IEventEngine> around, TimedStream timed)
    {
        var source = NpgsqlLedger.DataSource(connectionString);
        var table = new TimerTable(timed);
        var engine = around(new NpgsqlEngine(source, table));
        await engine.EnsureSchemaAsync(CancellationToken.None);
        var ledger = new DeciderLoop(engine, catalog, ledgers);
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddSingleton(workers).AddSingleton<System.Diagnostics.Metrics.IMeterFactory>(new Measurements())
            .AddSingleton(source).AddSingleton(engine).AddSingleton(ledger).AddSingleton(new StateReader(engine, catalog)).AddTimers(table);
        return new Replica(builder.Build(), engine, ledger, workers);
    }

    public async Task LendAsync(StreamKey reader, string book, DateTimeOffset until) =>
        (await ledger.ExecuteAsync(Shelf.Record(reader, new Lent(book, until)), CancellationToken.None)).ShouldBeOfType<Outcome.Recorded>();

    /// <summary>What a running worker does, until nothing is due.</summary>
    public async Task FireAllAsync()
    {
        while (await Timers.FireRoundAsync(CancellationToken.None) is { } next && next <= clock.GetUtcNow()) { }
    }

    public Task StartAsync() => host.StartAsync();

    public Task StopAsync() => host.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        await ledger.DisposeAsync();
        if (engine is IAsyncDisposable disposable) await disposable.DisposeAsync();
        host.Dispose();
    }
}

/// <summary>Stands where it is put.</summary>
public sealed class SetClock : TimeProvider
{
    private long _ticks = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero).UtcTicks;

    public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _ticks), TimeSpan.Zero);

    public void Pass(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);
}
