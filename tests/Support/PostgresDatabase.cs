using System.Collections.Concurrent;
using Npgsql;

namespace ConsentLedger.Support;

/// <summary>A database of its own on the real server, gone at the end: nobody finds it under its name again.</summary>
public sealed class PostgresDatabase : IAsyncDisposable
{
    /// <summary>
    /// By their server, those that are empty again, under names that nobody knows, for the tests to come. To make a database is to copy 300 files
    /// and to drop it is a checkpoint of the whole server, where a service made a few dozen tables.
    /// </summary>
    private static readonly ConcurrentDictionary<string, ConcurrentBag<string>> Emptied = new();

    private readonly string _server;

    private PostgresDatabase(string server, string name) => (_server, Name, ConnectionString) = (server, name, $"{server};Database={name}");

    public string Name { get; }

    public string ConnectionString { get; }

    public static async Task<PostgresDatabase> CreateAsync(string prefix)
    {
        var database = new PostgresDatabase(Servers.Postgres, NewName(prefix));
        var (server, name) = (database._server, database.Name);
        if (EmptiedOn(server).TryTake(out var emptied)) await ExecuteAsync(server, $"alter database {emptied} rename to {name}");
        else await ExecuteAsync(server, $"create database {name}");
        return database;
    }

    public async ValueTask DisposeAsync()
    {
        // Without somebody who calls at the end, it would stay.
        if (!WholeRun.IsWatching || !await TryEmptyAsync()) await DropAsync(_server, Name);
    }

    internal static async Task DropEmptiedAsync()
    {
        foreach (var (server, emptied) in Emptied)
            try
            {
                while (emptied.TryTake(out var name)) await DropAsync(server, name);
            }
            catch (NpgsqlException e) when (e is not PostgresException)
            {
                // A server that a test had for itself: it is gone with its databases.
            }
    }

    /// <summary>Whether it is as a new one again.</summary>
    private async Task<bool> TryEmptyAsync()
    {
        var name = NewName("emptied");
        try
        {
            await ExecuteAsync(_server, $"select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '{Name}'; alter database {Name} rename to {name}");
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.ObjectInUse or PostgresErrorCodes.InvalidCatalogName)
        {
            // Somebody came back in between, or the test has dropped it itself.
            return false;
        }

        try
        {
            await using var connection = new NpgsqlConnection($"{_server};Database={name};Pooling=false;Command Timeout=300");
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(Empty, connection);
            if (await command.ExecuteScalarAsync() is true)
            {
                EmptiedOn(_server).Add(name);
                return true;
            }
        }
        catch (PostgresException)
        {
            // It lets nobody in, or holds what is not ours to drop.
        }

        await DropAsync(_server, name);
        return true;
    }

    private static ConcurrentBag<string> EmptiedOn(string server) => Emptied.GetOrAdd(server, _ => []);

    private static string NewName(string prefix) => $"{prefix}_{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}";

    private static Task DropAsync(string server, string name) => ExecuteAsync(server, $"drop database if exists {name} with (force)");

    private static async Task ExecuteAsync(string server, string sql)
    {
        await using var connection = new NpgsqlConnection($"{server};Database=postgres;Pooling=false;Command Timeout=300");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    // Drops every schema and makes "public" as PostgreSQL 15 and later make it. True where nothing else tells it from a new database.
    private const string Empty = """
        do $$
        declare schema text;
        begin
            for schema in select nspname from pg_namespace where nspname <> 'information_schema' and nspname !~ '^pg_' loop
                execute format('drop schema %I cascade', schema);
            end loop;
        end $$;
        create schema public authorization pg_database_owner;
        grant usage on schema public to public;
        select current_setting('server_version_num')::int >= 150000
            and (select datacl is null and datconnlimit = -1 and datallowconn from pg_database where datname = current_database())
            and not exists (select from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase where d.datname = current_database())
            and not exists (select from pg_extension where extname <> 'plpgsql')
            and not exists (select from pg_largeobject_metadata) and not exists (select from pg_default_acl)
            and not exists (select from pg_event_trigger) and not exists (select from pg_publication) and not exists (select from pg_foreign_data_wrapper)
        """;
}
