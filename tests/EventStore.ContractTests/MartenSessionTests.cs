using System.Collections.Concurrent;
using ConsentLedger.EventStore.Marten;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using JasperFx;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Subscriptions;
using Weasel.Core;
using Weasel.Postgresql;

namespace ConsentLedger.EventStore.ContractTests;

/// <summary>A real Marten store, as a product team would configure it, on what each engine wrote.</summary>
public sealed class MartenSessionTests : IAsyncLifetime
{
    private static readonly TenantId Tenant = TenantId.Parse("quintus");

    private readonly StreamKey _stream = new(Tenant, new StreamId(Guid.Parse("018f0000-0000-7000-8000-000000000001")));
    private PostgresDatabase _database = null!;

    private CancellationToken Ct { get; } = new CancellationTokenSource(TimeSpan.FromMinutes(2)).Token;

    public async Task InitializeAsync() => _database = await PostgresDatabase.CreateAsync("marten");

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Theory, InlineData("npgsql"), InlineData("marten")]
    public async Task Reads_and_aggregates_the_stream(string engine)
    {
        await WriteAsync(engine, "one", "two", "three");
        await using var store = Open();
        await using var session = store.QuerySession(Tenant.ToString());

        var events = await session.Events.FetchStreamAsync(_stream.Id.ToString(), token: Ct);
        events.Select(e => (e.Version, e.EventTypeName, ((Noted)e.Data).Text, e.GetHeader("position")?.ToString())).ShouldBe(
            [(1, "notebook.noted.v1", "one", "0"), (2, "notebook.noted.v1", "two", "1"), (3, "notebook.noted.v1", "three", "2")]);
        (await session.Events.AggregateStreamAsync<Notes>(_stream.Id.ToString(), token: Ct))!.Texts.ShouldBe(["one", "two", "three"]);
        (await session.Events.FetchStreamStateAsync(_stream.Id.ToString(), token: Ct))!.Version.ShouldBe(3);
        (await session.Events.QueryAllRawEvents().CountAsync(Ct)).ShouldBe(3);
    }

    [Theory, InlineData("npgsql"), InlineData("marten")]
    public async Task Sees_nothing_of_another_tenant(string engine)
    {
        await WriteAsync(engine, "one");
        await using var store = Open();
        await using var session = store.QuerySession("vms");

        (await session.Events.FetchStreamAsync(_stream.Id.ToString(), token: Ct)).ShouldBeEmpty();
    }

    [Theory, InlineData("npgsql"), InlineData("marten")]
    public async Task Subscribes_and_is_woken_by_the_commit(string engine)
    {
        await WriteAsync(engine, "one");
        var heard = new Hears();
        await using var store = Open(options => options.Events.Subscribe(heard, o => o.Name = "hears"));
        await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync();
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();

        await WriteAsync(engine, "two");

        await heard.UntilAsync(["one", "two"], Ct);
        await daemon.StopAllAsync();
    }

    [Theory, InlineData("npgsql"), InlineData("marten")]
    public async Task Builds_a_read_model_of_its_own(string engine)
    {
        await WriteAsync(engine, "one", "two");
        await using var store = Open(options =>
        {
            options.Projections.Snapshot<Notes>(SnapshotLifecycle.Async);
            options.Schema.For<Notes>().MultiTenanted();
        });
        await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync();
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.RebuildProjectionAsync<Notes>(Ct);

        await using var session = store.QuerySession(Tenant.ToString());
        (await session.LoadAsync<Notes>(_stream.Id.ToString(), Ct))!.Texts.ShouldBe(["one", "two"]);
    }

    [Theory, InlineData("npgsql"), InlineData("marten")]
    public async Task Archives_the_stream_and_the_ledger_still_reads_and_continues_it(string engine)
    {
        await WriteAsync(engine, "one", "two");
        await using (var store = Open())
        {
            await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync();
            await using var session = store.LightweightSession(Tenant.ToString());
            session.Events.ArchiveStream(_stream.Id.ToString());
            await session.SaveChangesAsync(Ct);
            (await session.Events.QueryAllRawEvents().CountAsync(Ct)).ShouldBe(0);
        }

        await WriteAsync(engine, "three");

        await using var source = NpgsqlLedger.DataSource(_database.ConnectionString);
        await using var reader = new NpgsqlEngine(source);
        (await reader.ReadStreamsAsync([_stream], Ct)).Select(Notebook.Catalog.Decode).ShouldBe([new Noted("one"), new Noted("two"), new Noted("three")]);
    }

    [Fact]
    public async Task Finds_nothing_to_change_in_the_schema_that_its_engine_made()
    {
        await WriteAsync("marten", "one");
        await using var store = Open();

        await store.Storage.Database.AssertDatabaseMatchesConfigurationAsync(Ct);
    }

    [Fact]
    public async Task Adds_a_foreign_key_to_the_tables_that_the_native_engine_made_and_beside_it_only_what_is_its_own()
    {
        await WriteAsync("npgsql", "one");
        await using var store = Open();

        var missing = await store.Storage.CreateMigrationAsync();

        var right = missing.Deltas.Where(d => d.Difference == SchemaPatchDifference.None).Select(d => d.SchemaObject.Identifier.Name).ToList();
        foreach (var ours in (string[])["mt_streams", "mt_events_sequence"]) right.ShouldContain(ours);
        var changed = missing.Deltas.Where(d => d.Difference is not (SchemaPatchDifference.None or SchemaPatchDifference.Create)).ShouldHaveSingleItem();
        changed.SchemaObject.Identifier.Name.ShouldBe("mt_events");
        using var changes = new StringWriter();
        changed.WriteUpdate(new PostgresqlMigrator(), changes);
        $"{changes}".Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).ShouldHaveSingleItem().ShouldContain("fkey_mt_events_stream_id_tenant_id");
        await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync();
        await store.Storage.Database.AssertDatabaseMatchesConfigurationAsync(Ct);
        await WriteAsync("npgsql", "two");
        await store.Storage.Database.AssertDatabaseMatchesConfigurationAsync(Ct);
    }

    private DocumentStore Open(Action<StoreOptions>? more = null) => DocumentStore.For(options =>
    {
        options.Connection(_database.ConnectionString);
        options.AddConsentLedgerStreams(Notebook.Catalog);
        options.AutoCreateSchemaObjects = AutoCreate.CreateOrUpdate;
        more?.Invoke(options);
    });

    private async Task WriteAsync(string engine, params string[] texts)
    {
        await using var source = NpgsqlLedger.DataSource(_database.ConnectionString);
        await using IAsyncDisposable opened = engine == "marten" ? new MartenEngine(source, Notebook.Catalog) : new NpgsqlEngine(source);
        var store = (IEventEngine)opened;
        await store.EnsureSchemaAsync(Ct);
        await using var loop = new DeciderLoop(store, Notebook.Catalog, TimeProvider.System);
        foreach (var text in texts) (await loop.ExecuteAsync(Notebook.Note(_stream, text), Ct)).ShouldBeOfType<Outcome.Recorded>();
    }

    /// <summary>A read model of a product team's own.</summary>
    public sealed class Notes
    {
        public string Id { get; set; } = "";

        public List<string> Texts { get; set; } = [];

        public void Apply(Noted noted) => Texts.Add(noted.Text);
    }

    private sealed class Hears : SubscriptionBase
    {
        private readonly ConcurrentQueue<string> _texts = new();
        private readonly SemaphoreSlim _more = new(0);

        public override Task<IChangeListener> ProcessEventsAsync(EventRange page, ISubscriptionController controller, IDocumentOperations operations, CancellationToken cancellationToken)
        {
            foreach (var e in page.Events) _texts.Enqueue(((Noted)e.Data).Text);
            _more.Release();
            return Task.FromResult(NullChangeListener.Instance);
        }

        public async Task UntilAsync(string[] texts, CancellationToken ct)
        {
            while (!_texts.SequenceEqual(texts)) await _more.WaitAsync(ct);
        }
    }
}
