using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Resilience;
using ConsentLedger.Support;
using ConsentLedger.Transparency.Signing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ConsentLedger.Transparency.Tests;

/// <summary>A ledger in a database of its own, with writers, and replicas of a service that are started when a test wants one.</summary>
internal sealed class SomeLedger : IAsyncDisposable
{
    public static readonly TenantId Tenant = TenantId.Parse("quintus");

    public static readonly EventCatalog Catalog = new(("note.taken.v1", typeof(NoteTaken)));

    private static readonly StreamType<NoteTaken> Notebook = new(new NoteTaken(""), (_, e, _) => (NoteTaken)e);

    private readonly PostgresDatabase _database;
    private readonly List<IAsyncDisposable> _open = [];
    private readonly NpgsqlEngine _engine;
    private readonly DeciderLoop _loop;
    private int _notes;

    private SomeLedger(PostgresDatabase database)
    {
        _database = database;
        Source = NpgsqlLedger.DataSource(ConnectionString);
        _engine = new NpgsqlEngine(Source);
        _loop = new DeciderLoop(_engine, Catalog, TimeProvider.System);
        Tree = new LogTree(Source);
        Checkpoints = new Checkpoints(Source, TimeProvider.System);
    }

    public string ConnectionString => _database.ConnectionString + ";Maximum Pool Size=12";

    public NpgsqlDataSource Source { get; }

    public IEventEngine Engine => _engine;

    public DeciderLoop Loop => _loop;

    public LogTree Tree { get; }

    public Checkpoints Checkpoints { get; }

    public static async Task<SomeLedger> CreateAsync()
    {
        var ledger = new SomeLedger(await PostgresDatabase.CreateAsync("log"));
        await ledger._engine.EnsureSchemaAsync(CancellationToken.None);
        return ledger;
    }

    /// <summary>Commits that many notes, as many at once as a commit takes.</summary>
    public async Task AppendAsync(int count, TenantId? tenant = null, DeciderLoop? through = null)
    {
        var stream = new StreamKey(tenant ?? Tenant, NewStream());
        var outcomes = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => (through ?? _loop).ExecuteAsync(Note(stream), CancellationToken.None)));
        outcomes.All(o => o is Outcome.Recorded).ShouldBeTrue();
    }

    public Command Note(StreamKey stream) => new(stream, Notebook, null, default, _ => Decision.Of(new NoteTaken($"note {Interlocked.Increment(ref _notes)}")));

    public static StreamId NewStream() => new(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()));

    /// <summary>A process of the service by itself, as far as the log goes.</summary>
    public async Task<Replica> StartReplicaAsync(Action<Replica>? before = null)
    {
        var replica = new Replica(ConnectionString);
        before?.Invoke(replica);
        _open.Add(replica);
        await replica.StartAsync();
        return replica;
    }

    /// <summary>One that has not looked at the tree yet.</summary>
    public TenantSigner NewSigner(Witnesses? witnesses = null)
    {
        var signer = new TenantSigner(Tenant, Engine, Tree, Checkpoints, new LogKeys(Replica.Origin, Replica.Seed), witnesses ?? NoWitnesses());
        signer.Begin();
        return signer;
    }

    /// <summary>None, as a service has them that names none.</summary>
    public static Witnesses NoWitnesses() => WitnessedBy();

    public static Witnesses WitnessedBy(params IReadOnlyList<WitnessOptions.Appointed> witnesses)
    {
        var services = new ServiceCollection().AddSingleton<IConfiguration>(new ConfigurationBuilder().Build()).AddLogging().AddRemote("witness", remote => remote.Attempts = 1);
        return new Witnesses(new WitnessOptions { Witnesses = witnesses }, services.BuildServiceProvider().GetRequiredService<Remotes>(), TimeProvider.System, NullLogger<Witnesses>.Instance);
    }

    public async Task<int> SqlAsync(string sql, params IReadOnlyList<object> parameters)
    {
        await using var command = Source.CreateCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        return await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var open in _open) await open.DisposeAsync();
        await Checkpoints.DisposeAsync();
        await _loop.DisposeAsync();
        await _engine.DisposeAsync();
        await Source.DisposeAsync();
        await _database.DisposeAsync();
    }
}

internal sealed record NoteTaken(string Text);
