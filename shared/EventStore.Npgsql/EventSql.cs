using System.Text;
using System.Text.Json;
using ConsentLedger.Ledger;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.EventStore.Npgsql;

/// <summary>How events are read back. Every query yields the same columns.</summary>
internal static class EventSql
{
    // The position travels in the event's headers, so reading a stream needs no join and a Marten session sees it too.
    private const string Columns = "e.tenant_id, e.stream_id, e.version, e.id, e.type, e.data, e.timestamp, (e.headers ->> 'position')::bigint, e.headers ->> 'traceparent', e.headers ->> 'leaf'";

    // One stream lies in order in its index; rows of several are sorted, by texts, which for a long stream costs more than reading it.
    public static NpgsqlBatchCommand ReadStreams(IReadOnlyCollection<StreamSlice> slices) => slices.Count == 1 ? ReadStream(slices.Single()) : new($"""
        select {Columns} from unnest($1, $2, $3) as wanted (tenant_id, stream_id, after_version)
        join mt_events e on e.tenant_id = wanted.tenant_id and e.stream_id = wanted.stream_id and e.version > wanted.after_version
        order by e.tenant_id, e.stream_id, e.version
        """)
    {
        Parameters =
        {
            Texts(slices.Select(s => s.Stream.Tenant.ToString())), Texts(slices.Select(s => s.Stream.Id.ToString())), Array(slices.Select(s => s.AfterVersion), NpgsqlDbType.Bigint),
        },
    };

    private static NpgsqlBatchCommand ReadStream(StreamSlice slice) => new($"select {Columns} from mt_events e where e.tenant_id = $1 and e.stream_id = $2 and e.version > $3 order by e.version")
    {
        Parameters = { new() { Value = slice.Stream.Tenant.ToString() }, new() { Value = slice.Stream.Id.ToString() }, new() { Value = slice.AfterVersion } },
    };

    // What is looked up for each row is a query of its own (`offset 0` keeps it one): as a plain join it could be planned while the tables are small, and then read all of a tenant for each row.
    public static NpgsqlBatchCommand ReadFrom(TenantId tenant, long position, int limit) => new($"""
        select {Columns} from ledger_entries l
        cross join lateral (select * from mt_events where tenant_id = l.tenant_id and stream_id = ledger_stream(l.entry) and version = ledger_version(l.entry) offset 0) as e
        where l.tenant_id = $1 and l.position >= $2 and l.position < $3
        order by l.position
        """)
    {
        Parameters = { new() { Value = tenant.ToString() }, new() { Value = position }, new() { Value = position + limit } },
    };

    // An event that was appended around the ledger may claim any position: it gets no other event's sealed part by that.
    public static NpgsqlBatchCommand ReadProvable(StreamKey stream, long afterVersion, int limit) => new($"""
        select {Columns}, l.entry, l.salt, case when ledger_stream(l.entry) = e.stream_id and ledger_version(l.entry) = e.version then l.envelope end from mt_events e
        cross join lateral (select * from ledger_entries where tenant_id = e.tenant_id and position = (e.headers ->> 'position')::bigint offset 0) as l
        where e.tenant_id = $1 and e.stream_id = $2 and e.version > $3 and e.version <= $4
        order by e.version
        """)
    {
        Parameters =
        {
            new() { Value = stream.Tenant.ToString() }, new() { Value = stream.Id.ToString() }, new() { Value = afterVersion }, new() { Value = afterVersion + limit },
        },
    };

    /// <summary>Those entries of one stream, $2 of tenant $1, that still have a sealed part.</summary>
    public const string SealedOfStream = """
        tenant_id = $1 and position = any (array(select (headers ->> 'position')::bigint from mt_events where tenant_id = $1 and stream_id = $2))
        and ledger_stream(entry) = $2 and envelope is not null
        """;

    /// <summary>The head first: each statement sees what is committed when it starts, so what is read later is never older than the head.</summary>
    public static async Task<Snapshot> LoadAsync(
        NpgsqlConnection connection, TenantId tenant, IReadOnlyCollection<Digest> commands, IReadOnlyCollection<StreamId> streams, bool locked, CancellationToken ct)
    {
        var name = tenant.ToString();
        await using var sql = new NpgsqlBatch(connection);
        if (locked) sql.BatchCommands.Add(new("insert into ledger_head (tenant_id) values ($1) on conflict do nothing") { Parameters = { new() { Value = name } } });
        sql.BatchCommands.Add(new($"select next_position, recorded_at, tree from ledger_head where tenant_id = $1 {(locked ? "for update" : "")}")
        {
            Parameters = { new() { Value = name } },
        });
        if (commands.Count > 0) sql.BatchCommands.Add(new("""
            select command_id, body, version, position, events, note, null::smallint, null from unnest($2) as wanted (id)
            cross join lateral (select * from ledger_entries where tenant_id = $1 and command_id = wanted.id offset 0) as kept
            union all
            select command_id, body, version, null, null, code, outcome, reason from unnest($2) as wanted (id)
            cross join lateral (select * from ledger_commands where tenant_id = $1 and command_id = wanted.id offset 0) as kept
            """)
        {
            Parameters = { new() { Value = name }, Array(commands.Select(c => c.Value), NpgsqlDbType.Uuid) },
        });
        if (streams.Count > 0) sql.BatchCommands.Add(ReadStreams([.. streams.Select(s => new StreamSlice(new StreamKey(tenant, s)))]));

        await using var reader = await sql.ExecuteReaderAsync(ct);
        var (head, tree) = await reader.ReadAsync(ct)
            ? (new Head(reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1)), ReadTree(reader.GetFieldValue<byte[]>(2)))
            : (default, Frontier.Empty);
        var remembered = new Dictionary<Digest, Remembered>();
        if (commands.Count > 0)
        {
            await reader.NextResultAsync(ct);
            while (await reader.ReadAsync(ct)) remembered[new Digest(reader.GetGuid(0))] = new Remembered(new Digest(reader.GetGuid(1)), ReadOutcome(reader));
        }

        if (streams.Count == 0) return new Snapshot(head, tree, remembered, []);
        await reader.NextResultAsync(ct);
        return new Snapshot(head, tree, remembered, await ReadEventsAsync(reader, ct));
    }

    public static async Task<IReadOnlyList<StoredEvent>> ReadEventsAsync(NpgsqlDataReader reader, CancellationToken ct)
    {
        var events = new List<StoredEvent>();
        while (await reader.ReadAsync(ct)) events.Add(ReadEvent(reader));
        return events;
    }

    public static async Task<IReadOnlyList<ProvableEvent>> ReadProvableAsync(NpgsqlDataReader reader, CancellationToken ct)
    {
        var events = new List<ProvableEvent>();
        while (await reader.ReadAsync(ct)) events.Add(new ProvableEvent(ReadEvent(reader), new StoredEntry(reader.GetFieldValue<byte[]>(10), Bytes(reader, 11)), Bytes(reader, 12)));
        return events;
    }

    private static Outcome ReadOutcome(NpgsqlDataReader reader) =>
        reader.IsDBNull(6) ? new Outcome.Recorded(reader.GetInt64(2), reader.GetInt64(3), reader.GetInt32(4), reader.IsDBNull(5) ? null : reader.GetString(5))
        : reader.GetInt16(6) == OutcomeRow.Unchanged ? new Outcome.Unchanged(reader.GetInt64(2))
        : new Outcome.Refused(new Refusal(reader.GetString(5), reader.GetString(7)));

    private static StoredEvent ReadEvent(NpgsqlDataReader reader)
    {
        if (reader.IsDBNull(7)) throw new InvalidDataException($"Version {reader.GetInt64(2)} of stream {reader.GetString(1)} has no position: it was appended around the ledger.");
        return new StoredEvent(
            new StreamKey(TenantId.Parse(reader.GetString(0)), new StreamId(Guid.Parse(reader.GetString(1)))),
            new EventPlace(reader.GetInt64(7), reader.GetInt64(2), reader.GetFieldValue<DateTimeOffset>(6)),
            reader.GetGuid(3),
            reader.GetString(4),
            reader.GetFieldValue<byte[]>(5),
            reader.IsDBNull(8) ? null : reader.GetString(8),
            reader.IsDBNull(9) || !Hash.TryParse(Encoding.UTF8.GetBytes(reader.GetString(9)), out var leaf)
                ? throw new InvalidDataException($"Version {reader.GetInt64(2)} of stream {reader.GetString(1)} has no leaf: it was appended around the ledger.")
                : leaf);
    }

    private static byte[]? Bytes(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<byte[]>(column);

    public static Frontier ReadTree(byte[] bytes) =>
        Frontier.TryRead(bytes, out var tree, out var fault) ? tree : throw new InvalidDataException($"A head's tree cannot be read: {fault.Reason}");

    public static string Headers(StoredEvent e) => e.TraceParent is { } traceParent
        ? $$"""{"position":{{e.Place.Position}},"leaf":"{{e.Leaf.ToBase64()}}","traceparent":"{{JsonEncodedText.Encode(traceParent)}}"}"""
        : $$"""{"position":{{e.Place.Position}},"leaf":"{{e.Leaf.ToBase64()}}"}""";

    public static NpgsqlParameter Texts(IEnumerable<string?> values) => Array(values, NpgsqlDbType.Text);

    public static NpgsqlParameter Array<T>(IEnumerable<T> values, NpgsqlDbType type) => new NpgsqlParameter<T[]> { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | type };
}
