using Npgsql;

namespace ConsentLedger.EventStore.Npgsql;

/// <summary>
/// A session-level advisory lock, and the checkpoints saved through the very connection that holds it: when the connection is gone, so is
/// the lock, and the save fails instead of overwriting what the next holder wrote.
/// </summary>
internal sealed class NpgsqlSubscriptionLease(NpgsqlConnection connection, string subscription) : ISubscriptionLease
{
    public static async Task<NpgsqlSubscriptionLease?> TryTakeAsync(NpgsqlDataSource dataSource, string subscription, CancellationToken ct)
    {
        var connection = await dataSource.OpenConnectionAsync(ct);
        try
        {
            await using var take = new NpgsqlCommand("select pg_try_advisory_lock(hashtextextended('subscription ' || $1, 0))", connection)
            {
                Parameters = { new() { Value = subscription } },
            };
            if (await take.ExecuteScalarAsync(ct) is true) return new NpgsqlSubscriptionLease(connection, subscription);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    }

    public Task<IReadOnlyDictionary<TenantId, long>> ReadCheckpointsAsync(CancellationToken ct) =>
        Outages.Typed<IReadOnlyDictionary<TenantId, long>>(async () =>
        {
            await using var command = new NpgsqlCommand("select tenant_id, next_position from subscription_checkpoints where subscription = $1", connection)
            {
                Parameters = { new() { Value = subscription } },
            };
            var checkpoints = new Dictionary<TenantId, long>();
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct)) checkpoints.Add(TenantId.Parse(reader.GetString(0)), reader.GetInt64(1));
            return checkpoints;
        });

    public Task SaveCheckpointAsync(TenantId tenant, long nextPosition, CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var save = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                // Not waited for until it is flushed: a server that crashes may forget the last ones, and what they stood for is handled again.
                new("select set_config('synchronous_commit', 'off', true)"),
                new("""
                    insert into subscription_checkpoints (subscription, tenant_id, next_position) values ($1, $2, $3)
                    on conflict (subscription, tenant_id) do update set next_position = excluded.next_position
                    """)
                {
                    Parameters = { new() { Value = subscription }, new() { Value = tenant.ToString() }, new() { Value = nextPosition } },
                },
            },
        };
        await save.ExecuteNonQueryAsync(ct);
    });

    public async ValueTask DisposeAsync()
    {
        try
        {
            await using var release = new NpgsqlCommand("select pg_advisory_unlock_all()", connection);
            await release.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is InvalidOperationException || Outages.IsAway(e))
        {
            // A broken connection has released it already.
        }

        await connection.DisposeAsync();
    }
}
