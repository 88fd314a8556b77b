using System.Text.RegularExpressions;
using Npgsql;

namespace ConsentLedger.EventStore.Npgsql;

/// <summary>A service may run under a role that cannot change tables. Then their owner makes them beforehand, by <c>--migrate</c>, and the service waits for them.</summary>
public static partial class SchemaOwner
{
    // While it waits for a lock, everybody else waits behind it. An autovacuum gives way after a second; what holds a table for longer is waited for in between, as a database is that is not there yet.
    private const string BriefLocks = "set local lock_timeout = '2s';";

    /// <returns>False where the role may not, and every table that this SQL creates is there.</returns>
    /// <exception cref="StoreUnavailableException">The role may not, and a table is missing.</exception>
    public static async Task<bool> MayChangeAsync(NpgsqlConnection connection, string schema, CancellationToken ct)
    {
        await using var ask = new NpgsqlCommand(
            """
            select coalesce(has_schema_privilege(current_schema(), 'create'), false),
                   (select string_agg(name, ', ') from unnest($1) as name where to_regclass(name) is null)
            """, connection)
        {
            Parameters = { new() { Value = CreatedTable().Matches(schema).Select(m => m.Groups[1].Value).ToArray() } },
        };
        await using var answer = await ask.ExecuteReaderAsync(ct);
        await answer.ReadAsync(ct);
        if (answer.GetBoolean(0)) return true;
        return await answer.IsDBNullAsync(1, ct)
            ? false
            : throw new StoreUnavailableException($"The database lacks {answer.GetString(1)}, and this role may not create tables. Its owner has to, by --migrate.");
    }

    /// <summary>
    /// Within a transaction. Looks first, because <c>create index if not exists</c> and <c>add column if not exists</c> lock their table before they do: behind a vacuum or a dump
    /// a replica that starts would wait for it, and everybody's appends for the replica.
    /// </summary>
    public static async Task MakeMissingAsync(NpgsqlConnection connection, string schema, CancellationToken ct)
    {
        if (await IsThereAsync(connection, schema, ct)) return;
        await using var make = new NpgsqlCommand(BriefLocks + schema, connection);
        await make.ExecuteNonQueryAsync(ct);
    }

    private static async Task<bool> IsThereAsync(NpgsqlConnection connection, string schema, CancellationToken ct)
    {
        var columns = AddedColumns().Matches(schema).SelectMany(m => m.Groups[2].Captures, (m, column) => (Table: m.Groups[1].Value, Column: column.Value)).ToList();
        await using var ask = new NpgsqlCommand(
            """
            select not exists (select from unnest($1) as name where to_regclass(name) is null) and not exists (
                select from unnest($2, $3) as added (name, attribute)
                where not exists (select from pg_attribute where attrelid = to_regclass(name) and attname = attribute and not attisdropped))
            """, connection)
        {
            Parameters =
            {
                new() { Value = Created().Matches(schema).Select(m => m.Groups[1].Value).ToArray() },
                new() { Value = columns.Select(c => c.Table).ToArray() },
                new() { Value = columns.Select(c => c.Column).ToArray() },
            },
        };
        return await ask.ExecuteScalarAsync(ct) is true;
    }

    [GeneratedRegex(@"create table if not exists (\w+)")]
    private static partial Regex CreatedTable();

    [GeneratedRegex(@"create (?:table|index|unique index|sequence) if not exists (\w+)")]
    private static partial Regex Created();

    [GeneratedRegex(@"alter table (\w+)(?:[^;]*?add column if not exists (\w+))+")]
    private static partial Regex AddedColumns();
}
