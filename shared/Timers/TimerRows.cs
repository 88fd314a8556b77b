using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using Npgsql;

namespace ConsentLedger.Timers;

/// <param name="DueAt">As the row says.</param>
internal sealed record TimerRow(StreamKey Stream, string Kind, DateTimeOffset DueAt, long Version);

/// <summary>Reads <see cref="TimerTable"/>, and mends what in it is not as the streams say.</summary>
internal sealed class TimerRows(NpgsqlDataSource ledger)
{
    /// <summary>Each tenant that has any, and when its first is to be looked at. One step into the index a tenant, however many wait.</summary>
    public Task<IReadOnlyList<(TenantId Tenant, DateTimeOffset LookAt)>> ReadNextAsync(CancellationToken ct) => ReadAsync(
        """
        with recursive next as (
            (select tenant_id, look_at from stream_timers order by tenant_id, look_at limit 1)
            union all
            select n.tenant_id, n.look_at from next, lateral (select t.tenant_id, t.look_at from stream_timers t where t.tenant_id > next.tenant_id order by t.tenant_id, t.look_at limit 1) n
        )
        select tenant_id, look_at from next
        """,
        [], row => (TenantId.Parse(row.GetString(0)), row.GetFieldValue<DateTimeOffset>(1)), ct);

    /// <summary>Those of a tenant whose time has come, the longest waiting first.</summary>
    public Task<IReadOnlyList<TimerRow>> ReadDueAsync(TenantId tenant, DateTimeOffset now, int limit, CancellationToken ct) => ReadAsync(
        "select stream_id, kind, due_at, version from stream_timers where tenant_id = $1 and look_at <= $2 order by look_at limit $3",
        [tenant.ToString(), now.ToUniversalTime(), limit],
        row => new TimerRow(new StreamKey(tenant, new StreamId(row.GetGuid(0))), row.GetString(1), row.GetFieldValue<DateTimeOffset>(2), row.GetInt64(3)), ct);

    /// <summary>Puts a row off that could not be dealt with. It stays where the stream has set another meanwhile.</summary>
    public Task PutOffAsync(TimerRow row, DateTimeOffset until, CancellationToken ct) => ExecuteAsync(
        "update stream_timers set look_at = $4 where tenant_id = $1 and stream_id = $2 and version = $3", [.. Key(row), row.Version, until.ToUniversalTime()], ct);

    /// <summary>Makes a row what the stream's state says, where no later event has.</summary>
    /// <param name="next">What the state has at <paramref name="version"/>; null for nothing.</param>
    public Task CorrectAsync(TimerRow row, DateTimeOffset? next, DateTimeOffset notBefore, long version, CancellationToken ct) => next is { } dueAt
        ? ExecuteAsync(
            "update stream_timers set due_at = $4, look_at = greatest($4, $5), version = $3 where tenant_id = $1 and stream_id = $2 and version <= $3",
            [.. Key(row), version, dueAt.ToUniversalTime(), notBefore.ToUniversalTime()], ct)
        : ExecuteAsync("delete from stream_timers where tenant_id = $1 and stream_id = $2 and version <= $3", [.. Key(row), version], ct);

    private static object[] Key(TimerRow row) => [row.Stream.Tenant.ToString(), row.Stream.Id.Value];

    private Task ExecuteAsync(string sql, IReadOnlyList<object> parameters, CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var command = Command(sql, parameters);
        await command.ExecuteNonQueryAsync(ct);
    });

    private Task<IReadOnlyList<T>> ReadAsync<T>(string sql, IReadOnlyList<object> parameters, Func<NpgsqlDataReader, T> read, CancellationToken ct) => Outages.Typed<IReadOnlyList<T>>(async () =>
    {
        await using var command = Command(sql, parameters);
        var rows = new List<T>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) rows.Add(read(reader));
        return rows;
    });

    private NpgsqlCommand Command(string sql, IReadOnlyList<object> parameters)
    {
        var command = ledger.CreateCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
        return command;
    }
}
