using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.EventStore.Npgsql;

/// <summary>
/// One writing transaction in two round trips: the first locks the heads and reads what the decisions need, the second writes and commits.
/// Both are pipelined, so <c>begin</c> and <c>commit</c> travel with their statements.
/// </summary>
internal sealed class NpgsqlTransactionOfEvents : IEventTransaction
{
    private readonly NpgsqlConnection _connection;
    private readonly IReadOnlyList<IInlineProjection> _projections;
    private readonly AppendSignal _appended;
    private readonly Dictionary<TenantId, Head> _heads = [];
    private readonly Dictionary<CommandKey, Remembered> _remembered = [];
    private bool _ended;

    private NpgsqlTransactionOfEvents(NpgsqlConnection connection, IReadOnlyList<IInlineProjection> projections, AppendSignal appended) =>
        (_connection, _projections, _appended) = (connection, projections, appended);

    public IReadOnlyDictionary<TenantId, Head> Heads => _heads;

    public IReadOnlyDictionary<CommandKey, Remembered> Remembered => _remembered;

    public IReadOnlyList<StoredEvent> Events { get; private set; } = [];

    public static async Task<NpgsqlTransactionOfEvents> BeginAsync(
        NpgsqlDataSource dataSource,
        IReadOnlyList<IInlineProjection> projections,
        AppendSignal appended,
        IReadOnlyCollection<TenantId> tenants,
        IReadOnlyCollection<CommandKey> commands,
        IReadOnlyCollection<StreamKey> streams,
        CancellationToken ct)
    {
        var transaction = new NpgsqlTransactionOfEvents(await dataSource.OpenConnectionAsync(ct), projections, appended);
        try
        {
            await transaction.LockAndReadAsync(tenants, commands, streams, ct);
            return transaction;
        }
        catch
        {
            await transaction.DisposeAsync();
            throw;
        }
    }

    public Task<IReadOnlyList<StoredEvent>> ReadAsync(IReadOnlyCollection<StreamKey> streams, CancellationToken ct) =>
        Outages.Typed(async () =>
        {
            await using var batch = new NpgsqlBatch(_connection) { BatchCommands = { EventSql.ReadStreams(streams) } };
            await using var reader = await batch.ExecuteReaderAsync(ct);
            return await EventSql.ReadEventsAsync(reader, ct);
        });

    public Task CommitAsync(Batch batch, CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var sql = new NpgsqlBatch(_connection);
        if (batch.Events.Count > 0)
        {
            WriteStreams(batch, sql);
            WriteEvents(batch, sql);
            foreach (var projection in _projections) projection.Project(batch, sql);
            Add(sql, $"select pg_notify('{NpgsqlSchema.AppendedChannel}', '')");
        }

        WriteOutcomes(batch, sql);
        Add(sql, "commit");
        await sql.ExecuteNonQueryAsync(ct);
        _ended = true;
        if (batch.Events.Count > 0) _appended.Raise();
    });

    public async ValueTask DisposeAsync()
    {
        if (!_ended && _connection.State == System.Data.ConnectionState.Open)
        {
            try
            {
                await using var rollback = new NpgsqlCommand("rollback", _connection);
                await rollback.ExecuteNonQueryAsync(CancellationToken.None);
            }
            catch (NpgsqlException)
            {
                // The connection is broken, and with it the transaction. The pool drops it.
            }
        }

        await _connection.DisposeAsync();
    }

    private async Task LockAndReadAsync(
        IReadOnlyCollection<TenantId> tenants, IReadOnlyCollection<CommandKey> commands, IReadOnlyCollection<StreamKey> streams, CancellationToken ct)
    {
        await LockAndReadOnceAsync("begin", tenants, commands, streams, ct);
        var missing = tenants.Where(t => !_heads.ContainsKey(t)).ToList();
        if (missing.Count == 0) return;

        // A tenant's first event. Its head row is ours from here until commit; another process that got here too waits for it.
        await LockAndReadOnceAsync(
            "insert into ledger_head (tenant_id) select unnest($1) on conflict do nothing", tenants, commands, streams, ct,
            EventSql.Texts(missing.Select(t => t.ToString()).Order(StringComparer.Ordinal)));
    }

    private async Task LockAndReadOnceAsync(
        string first, IReadOnlyCollection<TenantId> tenants, IReadOnlyCollection<CommandKey> commands, IReadOnlyCollection<StreamKey> streams, CancellationToken ct,
        params NpgsqlParameter[] parameters)
    {
        await using var sql = new NpgsqlBatch(_connection);
        Add(sql, first, parameters);

        // In one order for everybody, or two batches over the same tenants could wait for each other.
        Add(sql, "select tenant_id, next_position, recorded_at from ledger_head where tenant_id = any($1) order by tenant_id for update",
            EventSql.Texts(tenants.Select(t => t.ToString())));

        // Each statement sees what was committed when it starts, and these start after the lock was granted.
        Add(sql, """
            select c.tenant_id, c.command_id, c.body, c.outcome, c.version, c.position, c.events, c.code, c.reason
            from unnest($1, $2) as asked (tenant_id, command_id)
            join ledger_commands c on c.tenant_id = asked.tenant_id and c.command_id = asked.command_id
            """,
            EventSql.Texts(commands.Select(c => c.Tenant.ToString())), EventSql.Array(commands.Select(c => c.Id.Value), NpgsqlDbType.Uuid));
        if (streams.Count > 0) sql.BatchCommands.Add(EventSql.ReadStreams(streams));

        await using var reader = await sql.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            _heads[TenantId.Parse(reader.GetString(0))] = new Head(reader.GetInt64(1), reader.GetFieldValue<DateTimeOffset>(2));
        await reader.NextResultAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            _remembered[new CommandKey(TenantId.Parse(reader.GetString(0)), new Digest(reader.GetGuid(1)))] =
                new Remembered(new Digest(reader.GetGuid(2)), ReadOutcome(reader));
        }

        if (streams.Count == 0) return;
        await reader.NextResultAsync(ct);
        Events = await EventSql.ReadEventsAsync(reader, ct);
    }

    private static void WriteStreams(Batch batch, NpgsqlBatch sql)
    {
        var began = batch.Streams.Where(s => s.FromVersion == 0).ToList();
        var grown = batch.Streams.Where(s => s.FromVersion > 0).ToList();
        if (began.Count > 0)
        {
            Add(sql, "insert into mt_streams (tenant_id, id, type, version, timestamp, created) select t, i, k, v, r, r from unnest($1, $2, $3, $4, $5) as s (t, i, k, v, r)",
                EventSql.Texts(began.Select(s => s.Stream.Tenant.ToString())),
                EventSql.Texts(began.Select(s => s.Stream.Id.ToString())),
                EventSql.Texts(began.Select(s => s.Type.Name)),
                EventSql.Array(began.Select(s => s.ToVersion), NpgsqlDbType.Bigint),
                EventSql.Array(began.Select(s => batch.Heads[s.Stream.Tenant].RecordedAt), NpgsqlDbType.TimestampTz));
        }

        if (grown.Count > 0)
        {
            // A version that is no longer ours to raise shows as a duplicate (stream, version) in mt_events.
            Add(sql, "update mt_streams m set version = s.v, timestamp = s.r from unnest($1, $2, $3, $4) as s (t, i, v, r) where m.tenant_id = s.t and m.id = s.i",
                EventSql.Texts(grown.Select(s => s.Stream.Tenant.ToString())),
                EventSql.Texts(grown.Select(s => s.Stream.Id.ToString())),
                EventSql.Array(grown.Select(s => s.ToVersion), NpgsqlDbType.Bigint),
                EventSql.Array(grown.Select(s => batch.Heads[s.Stream.Tenant].RecordedAt), NpgsqlDbType.TimestampTz));
        }
    }

    private static void WriteEvents(Batch batch, NpgsqlBatch sql)
    {
        var events = batch.Events.Select(e => e.Event).ToList();
        var tenants = events.ConvertAll(e => e.Stream.Tenant.ToString());
        var streams = events.ConvertAll(e => e.Stream.Id.ToString());
        var versions = events.ConvertAll(e => e.Place.Version);
        Add(sql, """
            insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, headers)
            select nextval('mt_events_sequence'), i, s, v, d, k, r, t, h::jsonb from unnest($1, $2, $3, $4, $5, $6, $7, $8) as e (i, s, v, d, k, r, t, h)
            """,
            EventSql.Array(events.Select(e => e.Id), NpgsqlDbType.Uuid),
            EventSql.Texts(streams),
            EventSql.Array(versions, NpgsqlDbType.Bigint),
            EventSql.Array(events.Select(e => e.Data.ToArray()), NpgsqlDbType.Jsonb),
            EventSql.Texts(events.Select(e => e.Type)),
            EventSql.Array(events.Select(e => e.Place.RecordedAt), NpgsqlDbType.TimestampTz),
            EventSql.Texts(tenants),
            EventSql.Texts(events.Select(EventSql.Headers)));
        Add(sql, "insert into ledger_entries (tenant_id, position, stream_id, version) select * from unnest($1, $2, $3, $4)",
            EventSql.Texts(tenants), EventSql.Array(events.Select(e => e.Place.Position), NpgsqlDbType.Bigint), EventSql.Texts(streams), EventSql.Array(versions, NpgsqlDbType.Bigint));
        Add(sql, "update ledger_head h set next_position = n.p, recorded_at = n.r from unnest($1, $2, $3) as n (t, p, r) where h.tenant_id = n.t",
            EventSql.Texts(batch.Heads.Keys.Select(t => t.ToString())),
            EventSql.Array(batch.Heads.Values.Select(h => h.NextPosition), NpgsqlDbType.Bigint),
            EventSql.Array(batch.Heads.Values.Select(h => h.RecordedAt), NpgsqlDbType.TimestampTz));

        var sealedParts = batch.Events.Where(e => e.Envelope is not null).ToList();
        if (sealedParts.Count == 0) return;
        Add(sql, "insert into sealed_parts (tenant_id, stream_id, version, envelope) select * from unnest($1, $2, $3, $4)",
            EventSql.Texts(sealedParts.Select(e => e.Event.Stream.Tenant.ToString())),
            EventSql.Texts(sealedParts.Select(e => e.Event.Stream.Id.ToString())),
            EventSql.Array(sealedParts.Select(e => e.Event.Place.Version), NpgsqlDbType.Bigint),
            EventSql.Array(sealedParts.Select(e => e.Envelope!), NpgsqlDbType.Bytea));
    }

    private static void WriteOutcomes(Batch batch, NpgsqlBatch sql)
    {
        var rows = batch.Outcomes.Select(o => (o.Command, o.Outcome.Body, Row: OutcomeRow.Of(o.Outcome.Outcome))).ToList();
        Add(sql, """
            insert into ledger_commands (tenant_id, command_id, body, outcome, version, position, events, code, reason)
            select * from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            EventSql.Texts(rows.Select(r => r.Command.Tenant.ToString())),
            EventSql.Array(rows.Select(r => r.Command.Id.Value), NpgsqlDbType.Uuid),
            EventSql.Array(rows.Select(r => r.Body.Value), NpgsqlDbType.Uuid),
            EventSql.Array(rows.Select(r => r.Row.Kind), NpgsqlDbType.Smallint),
            EventSql.Array(rows.Select(r => r.Row.Version), NpgsqlDbType.Bigint),
            EventSql.Array(rows.Select(r => r.Row.Position), NpgsqlDbType.Bigint),
            EventSql.Array(rows.Select(r => r.Row.Events), NpgsqlDbType.Integer),
            EventSql.Texts(rows.Select(r => r.Row.Code)),
            EventSql.Texts(rows.Select(r => r.Row.Reason)));
    }

    private static Outcome ReadOutcome(NpgsqlDataReader reader) => new OutcomeRow(
        reader.GetInt16(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt32(6), reader.IsDBNull(7) ? null : reader.GetString(7), reader.IsDBNull(8) ? null : reader.GetString(8))
        .ToOutcome();

    private static void Add(NpgsqlBatch batch, string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        batch.BatchCommands.Add(command);
    }
}

/// <summary>An outcome as a row of <c>ledger_commands</c>.</summary>
/// <param name="Code">A refusal's code, or the note of something recorded.</param>
internal readonly record struct OutcomeRow(short Kind, long Version, long Position, int Events, string? Code, string? Reason)
{
    public static OutcomeRow Of(Outcome outcome) => outcome switch
    {
        Outcome.Unchanged unchanged => new(0, unchanged.Version, 0, 0, null, null),
        Outcome.Recorded recorded => new(1, recorded.Version, recorded.Position, recorded.Events, recorded.Note, null),
        Outcome.Refused { Refusal: var refusal } => new(2, 0, 0, 0, refusal.Code, refusal.Reason),
        _ => throw new InvalidOperationException($"{outcome.GetType().Name} decides nothing and is not remembered."),
    };

    public Outcome ToOutcome() => Kind switch
    {
        0 => new Outcome.Unchanged(Version),
        1 => new Outcome.Recorded(Version, Position, Events, Code),
        _ => new Outcome.Refused(new Refusal(Code!, Reason!)),
    };
}
