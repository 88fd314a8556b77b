using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using Npgsql;

namespace ConsentLedger.EventStore.ContractTests;

/// <summary>In production a service's role can write rows and change no table; deploy/postgres/provision makes such roles.</summary>
public sealed class LesserRightsTests : IAsyncLifetime
{
    private PostgresDatabase _database = null!;
    private NpgsqlDataSource _owner = null!;
    private NpgsqlDataSource _service = null!;

    private string Role => $"{_database.Name}_role";

    public async Task InitializeAsync()
    {
        _database = await PostgresDatabase.CreateAsync("rights");
        _owner = NpgsqlLedger.DataSource(_database.ConnectionString);
        _service = NpgsqlLedger.DataSource(new NpgsqlConnectionStringBuilder(_database.ConnectionString) { Username = Role, Password = "service" }.ConnectionString);
        await ExecuteAsync($"""
            create role {Role} login password 'service';
            revoke all on schema public from public;
            grant usage on schema public to {Role};
            alter default privileges in schema public grant select, insert, update, delete on tables to {Role};
            alter default privileges in schema public grant usage, select on sequences to {Role};
            """);
    }

    public async Task DisposeAsync()
    {
        await _service.DisposeAsync();
        await ExecuteAsync($"drop owned by {Role}; drop role {Role}");
        await _owner.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A_role_that_may_not_create_tables_waits_for_their_owner()
    {
        await using var engine = new NpgsqlEngine(_service);

        var missing = await Should.ThrowAsync<StoreUnavailableException>(() => engine.EnsureSchemaAsync(CancellationToken.None));

        missing.Message.ShouldContain("mt_events");
        missing.Message.ShouldContain("--migrate");
    }

    [Fact]
    public async Task It_is_content_with_what_the_owner_made_and_appends()
    {
        await using var owner = new NpgsqlEngine(_owner);
        await owner.EnsureSchemaAsync(CancellationToken.None);
        await using var engine = new NpgsqlEngine(_service);
        await engine.EnsureSchemaAsync(CancellationToken.None);
        await using var loop = new DeciderLoop(engine, Notebook.Catalog, TimeProvider.System);

        var outcome = await loop.ExecuteAsync(Notebook.Note(new StreamKey(TenantId.Parse("rights"), new StreamId(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()))), "one"), CancellationToken.None);

        outcome.ShouldBeOfType<Outcome.Recorded>();
    }

    [Fact]
    public async Task A_table_of_a_projection_is_waited_for_as_well()
    {
        await using var owner = new NpgsqlEngine(_owner);
        await owner.EnsureSchemaAsync(CancellationToken.None);
        await using var engine = new NpgsqlEngine(_service, new NewProjection());

        (await Should.ThrowAsync<StoreUnavailableException>(() => engine.EnsureSchemaAsync(CancellationToken.None))).Message.ShouldContain("of_the_next_version");
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _owner.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private sealed class NewProjection : IInlineProjection
    {
        public string Schema => "create table if not exists of_the_next_version (x int);";

        public void Project(Batch batch, NpgsqlBatch sql) { }
    }
}
