using Npgsql;

namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <param name="Attempt">The one that has no answer.</param>
public sealed record OverdueTask(StreamKey Subject, Guid Request, string System, int Attempt);

/// <summary>Reads <see cref="ErasureTables"/>.</summary>
public sealed class ErasureLookup(NpgsqlDataSource ledger)
{
    /// <summary>The stream in which a request lies, or null where the tenant has no such request.</summary>
    public async Task<StreamKey?> FindAsync(TenantId tenant, Guid request, CancellationToken ct)
    {
        var found = await ReadAsync(
            "select subject from erasure_requests where tenant_id = $1 and request = $2", [tenant.ToString(), request], row => new StreamKey(tenant, new StreamId(row.GetGuid(0))), ct);
        return found is [var subject] ? subject : null;
    }

    /// <summary>Tasks of all tenants that are silent for longer than they may be, oldest first. Each attempt may take twice as long as the one before.</summary>
    public Task<IReadOnlyList<OverdueTask>> ReadOverdueAsync(DateTimeOffset now, TimeSpan after, CancellationToken ct) => ReadAsync(
        """
        select tenant_id, subject, request, system, attempt from open_erasure_tasks
        where dispatched_at <= $1 - $2 * power(2, least(attempt - 1, 7)) order by dispatched_at limit 1000
        """,
        [now, after],
        row => new OverdueTask(new StreamKey(TenantId.Parse(row.GetString(0)), new StreamId(row.GetGuid(1))), row.GetGuid(2), row.GetString(3), row.GetInt32(4)),
        ct);

    /// <summary>What waits for an answer. A running request's age is that of its first event.</summary>
    public async Task<Waiting> ReadWaitingAsync(DateTimeOffset now, CancellationToken ct)
    {
        var open = await ReadAsync(
            """
            select t.system, count(*), count(*) filter (where t.attempt >= 3), min(e.timestamp) from open_erasure_tasks t
            join mt_events e on e.tenant_id = t.tenant_id and e.stream_id = t.subject::text and e.version = 1 group by t.system
            """,
            [],
            row => (Counts: new SystemWaiting(row.GetString(0), row.GetInt64(1), row.GetInt64(2)), Since: row.GetFieldValue<DateTimeOffset>(3)),
            ct);

        // A system that answered everything says zero, or an alarm would stay where its last number was.
        var silent = ErasedSystems.All.Except(open.Select(o => o.Counts.System)).Select(system => new SystemWaiting(system, 0, 0));
        return new Waiting([.. open.Select(o => o.Counts), .. silent], open.Count == 0 ? TimeSpan.Zero : now - open.Min(o => o.Since));
    }

    private async Task<IReadOnlyList<T>> ReadAsync<T>(string sql, IReadOnlyList<object> parameters, Func<NpgsqlDataReader, T> read, CancellationToken ct)
    {
        try
        {
            await using var command = ledger.CreateCommand(sql);
            foreach (var parameter in parameters) command.Parameters.Add(new NpgsqlParameter { Value = parameter });
            await using var reader = await command.ExecuteReaderAsync(ct);
            var rows = new List<T>();
            while (await reader.ReadAsync(ct)) rows.Add(read(reader));
            return rows;
        }
        catch (NpgsqlException e)
        {
            throw new StoreUnavailableException("The database did not answer.", e);
        }
    }
}
