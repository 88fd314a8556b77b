using Npgsql;

namespace ConsentLedger.Support;

/// <summary>A database of its own on the real server, dropped at the end.</summary>
public sealed class PostgresDatabase : IAsyncDisposable
{
    private PostgresDatabase(string name) => (Name, ConnectionString) = (name, $"{Servers.Postgres};Database={name}");

    public string Name { get; }

    public string ConnectionString { get; }

    public static async Task<PostgresDatabase> CreateAsync(string prefix)
    {
        var database = new PostgresDatabase($"{prefix}_{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}");
        await ExecuteAsync($"create database {database.Name}");
        return database;
    }

    public async ValueTask DisposeAsync() => await ExecuteAsync($"drop database if exists {Name} with (force)");

    // Each is a checkpoint of the whole server, and waits for those of others.
    private static async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection($"{Servers.Postgres};Database=postgres;Pooling=false;Command Timeout=300");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
