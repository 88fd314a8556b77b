using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.EventStore.Npgsql;

/// <summary>How events are read back. Every query yields the same columns.</summary>
internal static class EventSql
{
    // The position travels in the event's headers, so reading a stream needs no join and a Marten session sees it too.
    private const string Columns = "e.tenant_id, e.stream_id, e.version, e.id, e.type, e.data, e.timestamp, (e.headers ->> 'position')::bigint, e.headers ->> 'traceparent'";

    public static NpgsqlBatchCommand ReadStreams(IReadOnlyCollection<StreamKey> streams) => new($"""
        select {Columns} from unnest($1, $2) as wanted (tenant_id, stream_id)
        join mt_events e on e.tenant_id = wanted.tenant_id and e.stream_id = wanted.stream_id
        order by e.tenant_id, e.stream_id, e.version
        """)
    {
        Parameters = { Texts(streams.Select(s => s.Tenant.ToString())), Texts(streams.Select(s => s.Id.ToString())) },
    };

    public static NpgsqlBatchCommand ReadFrom(TenantId tenant, long position, int limit) => new($"""
        select {Columns} from ledger_entries l
        join mt_events e on e.tenant_id = l.tenant_id and e.stream_id = l.stream_id and e.version = l.version
        where l.tenant_id = $1 and l.position >= $2 and l.position < $3
        order by l.position
        """)
    {
        Parameters = { new() { Value = tenant.ToString() }, new() { Value = position }, new() { Value = position + limit } },
    };

    public static async Task<IReadOnlyList<StoredEvent>> ReadEventsAsync(NpgsqlDataReader reader, CancellationToken ct)
    {
        var events = new List<StoredEvent>();
        while (await reader.ReadAsync(ct))
        {
            events.Add(new StoredEvent(
                new StreamKey(TenantId.Parse(reader.GetString(0)), new StreamId(Guid.Parse(reader.GetString(1)))),
                new EventPlace(reader.GetInt64(7), reader.GetInt64(2), reader.GetFieldValue<DateTimeOffset>(6)),
                reader.GetGuid(3),
                reader.GetString(4),
                reader.GetFieldValue<byte[]>(5),
                reader.IsDBNull(8) ? null : reader.GetString(8)));
        }

        return events;
    }

    public static string Headers(StoredEvent e) => e.TraceParent is { } traceParent
        ? $$"""{"position":{{e.Place.Position}},"traceparent":"{{JsonEncodedText.Encode(traceParent)}}"}"""
        : $$"""{"position":{{e.Place.Position}}}""";

    public static NpgsqlParameter Texts(IEnumerable<string?> values) => Array(values, NpgsqlDbType.Text);

    public static NpgsqlParameter Array<T>(IEnumerable<T> values, NpgsqlDbType type) => new NpgsqlParameter<T[]> { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | type };
}
