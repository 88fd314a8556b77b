using System.Text.RegularExpressions;
using Npgsql;

namespace ConsentLedger.EventStore.Npgsql;

/// <summary>A service may run under a role that cannot change tables. Then their owner makes them beforehand, by <c>--migrate</c>, and the service waits for them.</summary>
public static partial class SchemaOwner
{
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

    [GeneratedRegex(@"create table if not exists (\w+)")]
    private static partial Regex CreatedTable();
}
