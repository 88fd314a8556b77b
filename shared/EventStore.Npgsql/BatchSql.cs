using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.EventStore.Npgsql;

/// <summary>What batches of different tenants write in one transaction, as statements of a pipelined round trip.</summary>
internal static class BatchSql
{
    // In which one tenant's head may be waited for, where others would wait with it.
    private const string Patience = "20ms";

    /// <summary>First, because the heads are the locks, and decide whether the rest is worth doing.</summary>
    public static void Advance(IReadOnlyList<Batch> batches, NpgsqlBatch sql)
    {
        if (batches.Count > 1) Add(sql, $"select set_config('lock_timeout', '{Patience}', true)");
        foreach (var batch in batches)
        {
            var kept = batch.Outcomes.ToLookup(o => o.Outcome.Outcome is Outcome.Recorded, o => o.Command.Value);
            Add(sql, "select ledger_advance($1, $2, $3, $4, $5, $6, $7)",
                new NpgsqlParameter<string> { TypedValue = batch.Tenant.ToString(), NpgsqlDbType = NpgsqlDbType.Text },
                new NpgsqlParameter<long> { TypedValue = batch.From.NextPosition },
                new NpgsqlParameter<long> { TypedValue = batch.To.NextPosition },
                new NpgsqlParameter<DateTimeOffset> { TypedValue = batch.To.RecordedAt, NpgsqlDbType = NpgsqlDbType.TimestampTz },
                new NpgsqlParameter<byte[]> { TypedValue = batch.Tree.After.ToBytes() },
                EventSql.Array(kept[true], NpgsqlDbType.Uuid),
                EventSql.Array(kept[false], NpgsqlDbType.Uuid));
        }
    }

    /// <summary>Marten's tables.</summary>
    public static void WriteStreams(IReadOnlyList<Batch> batches, NpgsqlBatch sql)
    {
        var events = EventsOf(batches);
        if (events.Count == 0) return;
        RaiseVersions(batches, sql);
        WriteEvents(events, sql);
    }

    /// <summary>Ours: positions, sealed parts, projections, outcomes.</summary>
    public static void WriteLedger(IReadOnlyList<Batch> batches, IReadOnlyList<IInlineProjection> projections, NpgsqlBatch sql)
    {
        var events = EventsOf(batches);
        if (events.Count > 0)
        {
            WriteEntries(batches, events, sql);
            WriteTiles(batches, sql);
            foreach (var batch in batches.Where(b => b.Events.Count > 0))
                foreach (var projection in projections) projection.Project(batch, sql);
        }

        WriteUnrecorded(batches, sql);
    }

    private static List<AppendedEvent> EventsOf(IReadOnlyList<Batch> batches) => [.. batches.SelectMany(b => b.Events)];

    // A version that is no longer ours to raise shows as a duplicate (stream, version) in mt_events. A stream that somebody archived is open again: that hid it from
    // their queries, but a person's next act is recorded all the same. An update joined to these arrays would be planned while the table is small, and then read all of it for good.
    private static void RaiseVersions(IReadOnlyList<Batch> batches, NpgsqlBatch sql)
    {
        var streams = batches.SelectMany(b => b.Streams, (batch, stream) => (stream.Stream, stream.Type, stream.ToVersion, batch.To.RecordedAt)).ToList();
        Add(sql, """
            insert into mt_streams (tenant_id, id, type, version, timestamp, created) select t, i, k, v, r, r from unnest($1, $2, $3, $4, $5) as s (t, i, k, v, r)
            on conflict (tenant_id, id) do update set version = excluded.version, timestamp = excluded.timestamp, is_archived = false
            """,
            EventSql.Texts(streams.Select(s => s.Stream.Tenant.ToString())),
            EventSql.Texts(streams.Select(s => s.Stream.Id.ToString())),
            EventSql.Texts(streams.Select(s => s.Type.Name)),
            EventSql.Array(streams.Select(s => s.ToVersion), NpgsqlDbType.Bigint),
            EventSql.Array(streams.Select(s => s.RecordedAt), NpgsqlDbType.TimestampTz));
    }

    private static void WriteEvents(List<AppendedEvent> events, NpgsqlBatch sql)
    {
        Add(sql, """
            insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, headers)
            select nextval('mt_events_sequence'), i, s, v, d, k, r, t, h from unnest($1, $2, $3, $4, $5, $6, $7, $8) as e (t, r, i, s, v, d, k, h)
            """,
            EventSql.Texts(events.Select(e => e.Event.Stream.Tenant.ToString())),
            EventSql.Array(events.Select(e => e.Event.Place.RecordedAt), NpgsqlDbType.TimestampTz),
            EventSql.Array(events.Select(e => e.Event.Id), NpgsqlDbType.Uuid),
            EventSql.Texts(events.Select(e => e.Event.Stream.Id.ToString())),
            EventSql.Array(events.Select(e => e.Event.Place.Version), NpgsqlDbType.Bigint),
            EventSql.Array(events.Select(e => e.Event.Data.ToArray()), NpgsqlDbType.Jsonb),
            EventSql.Texts(events.Select(e => e.Event.Type)),
            EventSql.Array(events.Select(e => EventSql.Headers(e.Event)), NpgsqlDbType.Jsonb));
    }

    private static void WriteEntries(IReadOnlyList<Batch> batches, List<AppendedEvent> events, NpgsqlBatch sql)
    {
        // With a command's first event, the command.
        var recorded = new (Digest Command, Digest Body, Outcome.Recorded Outcome)?[events.Count];
        var first = 0;
        foreach (var batch in batches)
        {
            foreach (var (command, (body, outcome)) in batch.Outcomes)
                if (outcome is Outcome.Recorded done) recorded[first + done.Position - batch.From.NextPosition] = (command, body, done);
            first += batch.Events.Count;
        }

        Add(sql, """
            insert into ledger_entries (tenant_id, position, entry, salt, envelope, command_id, body, version, events, note)
            select t, p, e, s, l, c, b, v, k, n from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) as e (t, p, e, s, l, c, b, v, k, n)
            """,
            EventSql.Texts(events.Select(e => e.Event.Stream.Tenant.ToString())),
            EventSql.Array(events.Select(e => e.Event.Place.Position), NpgsqlDbType.Bigint),
            EventSql.Array(events.Select(e => e.Entry.Bytes), NpgsqlDbType.Bytea),
            EventSql.Array(events.Select(e => e.Entry.Salt), NpgsqlDbType.Bytea),
            EventSql.Array(events.Select(e => e.Envelope), NpgsqlDbType.Bytea),
            EventSql.Array(recorded.Select(r => r?.Command.Value), NpgsqlDbType.Uuid),
            EventSql.Array(recorded.Select(r => r?.Body.Value), NpgsqlDbType.Uuid),
            EventSql.Array(recorded.Select(r => r?.Outcome.Version), NpgsqlDbType.Bigint),
            EventSql.Array(recorded.Select(r => r?.Outcome.Events), NpgsqlDbType.Integer),
            EventSql.Texts(recorded.Select(r => r?.Outcome.Note)));
    }

    // The lowest level is the entries themselves.
    private static void WriteTiles(IReadOnlyList<Batch> batches, NpgsqlBatch sql)
    {
        var parts = batches.SelectMany(b => b.Tree.Tiles, (batch, part) => (Tenant: batch.Tenant.ToString(), Part: part)).Where(t => t.Part.Level > 0).ToList();
        if (parts.Count == 0) return;
        Add(sql, "insert into ledger_tiles (tenant_id, level, tile, start, hashes) select t, l, n, s, h from unnest($1, $2, $3, $4, $5) as p (t, l, n, s, h)",
            EventSql.Texts(parts.Select(t => t.Tenant)),
            EventSql.Array(parts.Select(t => (short)t.Part.Level), NpgsqlDbType.Smallint),
            EventSql.Array(parts.Select(t => t.Part.Index), NpgsqlDbType.Bigint),
            EventSql.Array(parts.Select(t => (short)t.Part.Offset), NpgsqlDbType.Smallint),
            EventSql.Array(parts.Select(t => t.Part.Bytes.ToArray()), NpgsqlDbType.Bytea));
    }

    private static void WriteUnrecorded(IReadOnlyList<Batch> batches, NpgsqlBatch sql)
    {
        var unrecorded = batches.SelectMany(b => b.Outcomes, (batch, kept) => (Tenant: batch.Tenant.ToString(), kept.Command, kept.Outcome.Body, kept.Outcome.Outcome))
            .Where(o => o.Outcome is not Outcome.Recorded).ToList();
        if (unrecorded.Count == 0) return;
        var rows = unrecorded.Select(o => OutcomeRow.Of(o.Outcome)).ToList();
        Add(sql, """
            insert into ledger_commands (tenant_id, command_id, body, outcome, version, code, reason)
            select t, i, b, o, v, c, r from unnest($1, $2, $3, $4, $5, $6, $7) as c (t, i, b, o, v, c, r)
            """,
            EventSql.Texts(unrecorded.Select(o => o.Tenant)),
            EventSql.Array(unrecorded.Select(o => o.Command.Value), NpgsqlDbType.Uuid),
            EventSql.Array(unrecorded.Select(o => o.Body.Value), NpgsqlDbType.Uuid),
            EventSql.Array(rows.Select(r => r.Kind), NpgsqlDbType.Smallint),
            EventSql.Array(rows.Select(r => r.Version), NpgsqlDbType.Bigint),
            EventSql.Texts(rows.Select(r => r.Code)),
            EventSql.Texts(rows.Select(r => r.Reason)));
    }

    private static void Add(NpgsqlBatch batch, string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        batch.BatchCommands.Add(command);
    }
}
