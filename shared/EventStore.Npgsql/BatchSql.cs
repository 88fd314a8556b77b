using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.EventStore.Npgsql;

/// <summary>What a batch writes, as statements of a pipelined round trip.</summary>
internal static class BatchSql
{
    /// <summary>First, because it is the lock, and decides whether the rest is worth doing.</summary>
    public static void Advance(Batch batch, NpgsqlBatch sql) =>
        Add(sql, "select ledger_advance($1, $2, $3, $4, $5)",
            Tenant(batch), One(batch.From.NextPosition), One(batch.To.NextPosition), RecordedAt(batch), Bytes(batch.Tree.After.ToBytes()));

    /// <summary>Marten's tables.</summary>
    public static void WriteStreams(Batch batch, NpgsqlBatch sql)
    {
        if (batch.Events.Count == 0) return;
        RaiseVersions(batch, sql);
        WriteEvents(batch, sql);
    }

    /// <summary>Ours: positions, sealed parts, projections, outcomes.</summary>
    public static void WriteLedger(Batch batch, IReadOnlyList<IInlineProjection> projections, NpgsqlBatch sql)
    {
        if (batch.Events.Count > 0)
        {
            WriteEntries(batch, sql);
            foreach (var projection in projections) projection.Project(batch, sql);
        }

        WriteOutcomes(batch, sql);
    }

    private static void RaiseVersions(Batch batch, NpgsqlBatch sql)
    {
        var began = batch.Streams.Where(s => s.FromVersion == 0).ToList();
        var grown = batch.Streams.Where(s => s.FromVersion > 0).ToList();
        if (began.Count > 0)
        {
            Add(sql, "insert into mt_streams (tenant_id, id, type, version, timestamp, created) select $1, i, k, v, $2, $2 from unnest($3, $4, $5) as s (i, k, v)",
                Tenant(batch), RecordedAt(batch),
                EventSql.Texts(began.Select(s => s.Stream.Id.ToString())),
                EventSql.Texts(began.Select(s => s.Type.Name)),
                EventSql.Array(began.Select(s => s.ToVersion), NpgsqlDbType.Bigint));
        }

        if (grown.Count > 0)
        {
            // A version that is no longer ours to raise shows as a duplicate (stream, version) in mt_events. A stream that somebody archived is open again:
            // that hid it from their queries, but a person's next act is recorded all the same.
            Add(sql, "update mt_streams m set version = s.v, timestamp = $2, is_archived = false from unnest($3, $4) as s (i, v) where m.tenant_id = $1 and m.id = s.i",
                Tenant(batch), RecordedAt(batch),
                EventSql.Texts(grown.Select(s => s.Stream.Id.ToString())),
                EventSql.Array(grown.Select(s => s.ToVersion), NpgsqlDbType.Bigint));
        }
    }

    private static void WriteEvents(Batch batch, NpgsqlBatch sql)
    {
        Add(sql, """
            insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, headers)
            select nextval('mt_events_sequence'), i, s, v, d, k, t, $1, h from unnest($2, $3, $4, $5, $6, $7, $8) as e (t, i, s, v, d, k, h)
            """,
            Tenant(batch),
            EventSql.Array(batch.Events.Select(e => e.Event.Place.RecordedAt), NpgsqlDbType.TimestampTz),
            EventSql.Array(batch.Events.Select(e => e.Event.Id), NpgsqlDbType.Uuid),
            EventSql.Texts(batch.Events.Select(e => e.Event.Stream.Id.ToString())),
            EventSql.Array(batch.Events.Select(e => e.Event.Place.Version), NpgsqlDbType.Bigint),
            EventSql.Array(batch.Events.Select(e => e.Event.Data.ToArray()), NpgsqlDbType.Jsonb),
            EventSql.Texts(batch.Events.Select(e => e.Event.Type)),
            EventSql.Array(batch.Events.Select(e => EventSql.Headers(e.Event)), NpgsqlDbType.Jsonb));
    }

    private static void WriteEntries(Batch batch, NpgsqlBatch sql)
    {
        Add(sql, "insert into ledger_entries (tenant_id, position, stream_id, version, entry, salt) select $1, $2 + n - 1, s, v, e, t from unnest($3, $4, $5, $6) with ordinality as e (s, v, e, t, n)",
            Tenant(batch),
            One(batch.From.NextPosition),
            EventSql.Texts(batch.Events.Select(e => e.Event.Stream.Id.ToString())),
            EventSql.Array(batch.Events.Select(e => e.Event.Place.Version), NpgsqlDbType.Bigint),
            EventSql.Array(batch.Events.Select(e => e.Entry.Bytes), NpgsqlDbType.Bytea),
            EventSql.Array(batch.Events.Select(e => e.Entry.Salt!), NpgsqlDbType.Bytea));

        // The lowest level is the entries themselves.
        foreach (var part in batch.Tree.Tiles.Where(t => t.Level > 0))
        {
            Add(sql, "insert into ledger_tiles (tenant_id, level, tile, start, hashes) values ($1, $2, $3, $4, $5)",
                Tenant(batch), One(part.Level), One(part.Index), One(part.Offset), Bytes(part.Bytes.ToArray()));
        }

        var sealedParts = batch.Events.Where(e => e.Envelope is not null).ToList();
        if (sealedParts.Count == 0) return;
        Add(sql, "insert into sealed_parts (tenant_id, stream_id, version, envelope) select $1, s, v, e from unnest($2, $3, $4) as p (s, v, e)",
            Tenant(batch),
            EventSql.Texts(sealedParts.Select(e => e.Event.Stream.Id.ToString())),
            EventSql.Array(sealedParts.Select(e => e.Event.Place.Version), NpgsqlDbType.Bigint),
            EventSql.Array(sealedParts.Select(e => e.Envelope!), NpgsqlDbType.Bytea));
    }

    public static void WriteOutcomes(Batch batch, NpgsqlBatch sql)
    {
        if (batch.Outcomes.Count == 0) return;
        var rows = batch.Outcomes.Select(o => OutcomeRow.Of(o.Outcome.Outcome)).ToList();
        Add(sql, """
            insert into ledger_commands (tenant_id, command_id, body, outcome, version, position, events, code, reason)
            select $1, i, b, o, v, p, n, c, r from unnest($2, $3, $4, $5, $6, $7, $8, $9) as c (i, b, o, v, p, n, c, r)
            """,
            Tenant(batch),
            EventSql.Array(batch.Outcomes.Select(o => o.Command.Value), NpgsqlDbType.Uuid),
            EventSql.Array(batch.Outcomes.Select(o => o.Outcome.Body.Value), NpgsqlDbType.Uuid),
            EventSql.Array(rows.Select(r => r.Kind), NpgsqlDbType.Smallint),
            EventSql.Array(rows.Select(r => r.Version), NpgsqlDbType.Bigint),
            EventSql.Array(rows.Select(r => r.Position), NpgsqlDbType.Bigint),
            EventSql.Array(rows.Select(r => r.Events), NpgsqlDbType.Integer),
            EventSql.Texts(rows.Select(r => r.Code)),
            EventSql.Texts(rows.Select(r => r.Reason)));
    }

    private static NpgsqlParameter<string> Tenant(Batch batch) => new() { TypedValue = batch.Tenant.ToString(), NpgsqlDbType = NpgsqlDbType.Text };

    private static NpgsqlParameter<DateTimeOffset> RecordedAt(Batch batch) => new() { TypedValue = batch.To.RecordedAt, NpgsqlDbType = NpgsqlDbType.TimestampTz };

    private static NpgsqlParameter<long> One(long value) => new() { TypedValue = value };

    private static NpgsqlParameter<byte[]> Bytes(byte[] value) => new() { TypedValue = value };

    private static void Add(NpgsqlBatch batch, string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        batch.BatchCommands.Add(command);
    }
}
