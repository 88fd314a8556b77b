using ConsentLedger.Support;
using Npgsql;

namespace ConsentLedger.EventStore.ContractTests;

/// <summary>Test databases are used again: nobody may find in one what another test left.</summary>
public sealed class EmptiedDatabaseTests
{
    // Whatever a database has that a new one has not. "postgres" is one that nobody has written to.
    private const string Told = """
        select coalesce(string_agg(said, E'\n' order by said), '') from (
            select format('schema %s of %s: %s', nspname, nspowner::regrole, nspacl) from pg_namespace where nspname !~ '^pg_(temp|toast_temp)'
            union all select format('class %s.%s', relnamespace::regnamespace, relname) from pg_class where relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
            union all select format('function %s', oid::regprocedure) from pg_proc where oid >= 16384
            union all select format('type %s', oid::regtype) from pg_type where oid >= 16384
            union all select format('extension %s', extname) from pg_extension
            union all select format('setting %s', setconfig) from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase where d.datname = current_database()
            union all select format('rights %s', datacl) from pg_database where datname = current_database()
            union all select format('large object %s', oid) from pg_largeobject_metadata) all_of_it(said)
        """;

    [Fact]
    public async Task However_a_database_was_left_the_next_one_is_as_new()
    {
        var expected = await TellAsync($"{Servers.Postgres};Database=postgres;Pooling=false");
        string[] left =
        [
            "create table streams (id bigserial primary key, body text); insert into streams (body) select 'x' from generate_series(1, 100)",
            "create schema other; create type other.mood as enum ('good'); create function other.f() returns int language sql as 'select 1'; create view v as select other.f()",
            "revoke all on schema public from public; drop schema public cascade",
            "do $$ begin execute format('alter database %I set jit = off', current_database()); end $$",
            "do $$ begin execute format('revoke connect on database %I from public', current_database()); end $$",
            "select lo_create(0)",
            "create function f() returns event_trigger language plpgsql as 'begin end'; create event trigger t on ddl_command_start execute function f()",
        ];
        foreach (var sql in left)
        {
            var database = await PostgresDatabase.CreateAsync("emptied_test");
            await using (var connection = new NpgsqlConnection($"{database.ConnectionString};Pooling=false"))
            {
                await connection.OpenAsync();
                await using var command = new NpgsqlCommand(sql, connection);
                await command.ExecuteNonQueryAsync();
            }

            // One that is still connected is no reason to wait.
            await using var lingering = new NpgsqlConnection($"{database.ConnectionString};Pooling=false");
            await lingering.OpenAsync();
            await database.DisposeAsync();

            await using var gone = new NpgsqlConnection($"{database.ConnectionString};Pooling=false");
            (await Should.ThrowAsync<PostgresException>(() => gone.OpenAsync())).SqlState.ShouldBe(PostgresErrorCodes.InvalidCatalogName);
            await using var next = await PostgresDatabase.CreateAsync("emptied_test");
            (await TellAsync($"{next.ConnectionString};Pooling=false")).ShouldBe(expected, sql);
        }
    }

    private static async Task<string> TellAsync(string address)
    {
        await using var connection = new NpgsqlConnection(address);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(Told, connection);
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
