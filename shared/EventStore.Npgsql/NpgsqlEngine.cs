using ConsentLedger.Ledger;
using Npgsql;

namespace ConsentLedger.EventStore.Npgsql;

/// <summary>What is derived from events and must never lag behind them: set-based SQL in the transaction that appends them.</summary>
public interface IInlineProjection
{
    /// <summary>Creates the projection's tables where they are missing.</summary>
    string Schema { get; }

    /// <summary>Adds the statements that bring the tables up to this batch.</summary>
    void Project(Batch batch, NpgsqlBatch sql);
}

/// <summary>The native engine: Marten's tables, no package beyond Npgsql, one round trip a batch.</summary>
public class NpgsqlEngine : IEventEngine, IAsyncDisposable
{
    private readonly NpgsqlDataSource _dataSource;
    private readonly IReadOnlyList<IInlineProjection> _projections;
    private readonly StoreSignal _appended;
    private readonly SharedCommits _commits;
    private readonly Tail _tail;
    private readonly Durable _durable;

    /// <param name="dataSource">Best built by <see cref="NpgsqlLedger.DataSource"/>, whose settings are worth a factor of two.</param>
    public NpgsqlEngine(NpgsqlDataSource dataSource, params IReadOnlyList<IInlineProjection> projections)
    {
        (_dataSource, _projections) = (dataSource, projections);
        (_appended, _commits) = (new StoreSignal(dataSource, NpgsqlSchema.AppendedChannel), new SharedCommits(WriteAsync));
        _tail = new Tail(_appended, ReadHeadsAsync);
        _durable = Durable.Within(dataSource);
    }

    public Task EnsureSchemaAsync(CancellationToken ct) => Outages.Typed(async () =>
    {
        var ledger = $"{NpgsqlSchema.Ledger} {string.Join('\n', _projections.Select(p => p.Schema))}";
        await using var connection = await _dataSource.OpenConnectionAsync(ct);
        if (!await SchemaOwner.MayChangeAsync(connection, NpgsqlSchema.Streams + ledger, ct)) return;
        await using var transaction = await connection.BeginTransactionAsync(ct);

        // `create … if not exists` still collides when two processes run it at once; this lock makes the second wait.
        await ExecuteAsync("select pg_advisory_xact_lock(hashtext('consent-ledger schema'))");
        await EnsureStreamTablesAsync(connection, ct);
        await SchemaOwner.MakeMissingAsync(connection, ledger, ct);
        await ExecuteAsync(NpgsqlSchema.Functions);
        await transaction.CommitAsync(ct);

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(ct);
        }
    });

    public Task<Snapshot> LoadAsync(TenantId tenant, IReadOnlyCollection<Digest> commands, IReadOnlyCollection<StreamId> streams, CancellationToken ct) =>
        Outages.Typed(async () =>
        {
            await using var connection = await _dataSource.OpenConnectionAsync(ct);
            return await EventSql.LoadAsync(connection, tenant, commands, streams, locked: false, ct);
        });

    public Task AppendAsync(TenantId tenant, Func<Batch?> close, CancellationToken ct) => Outages.Typed(async () =>
    {
        Batch? batch = null;
        await _commits.WriteAsync(tenant, () => batch = close(), ct);
        if (batch is not null) _tail.Add(batch);
    });

    public Task<IEventTransaction> BeginAsync(TenantId tenant, IReadOnlyCollection<Digest> commands, IReadOnlyCollection<StreamId> streams, CancellationToken ct) =>
        Outages.Typed<IEventTransaction>(async () =>
        {
            var connection = await _dataSource.OpenConnectionAsync(ct);
            try
            {
                var transaction = await connection.BeginTransactionAsync(ct);
                var snapshot = await EventSql.LoadAsync(connection, tenant, commands, streams, locked: true, ct);
                return new LockedTransaction(connection, transaction, snapshot, WriteAsync, _durable, _tail.Add);
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }
        });

    public Task<IReadOnlyList<StoredEvent>> ReadStreamsAsync(IReadOnlyCollection<StreamSlice> streams, CancellationToken ct) =>
        ReadAsync(EventSql.ReadStreams(streams), EventSql.ReadEventsAsync, ct);

    public Task<IReadOnlyList<StoredEvent>> ReadFromAsync(TenantId tenant, long position, int limit, CancellationToken ct) =>
        ReadAsync(EventSql.ReadFrom(tenant, position, limit), EventSql.ReadEventsAsync, ct);

    public Task<IReadOnlyList<ProvableEvent>> ReadProvableAsync(StreamKey stream, long afterVersion, int limit, CancellationToken ct) =>
        ReadAsync(EventSql.ReadProvable(stream, afterVersion, limit), EventSql.ReadProvableAsync, ct);

    public Task<IReadOnlyList<StoredEntry>> ReadEntriesAsync(TenantId tenant, long position, int limit, CancellationToken ct) =>
        Outages.Typed<IReadOnlyList<StoredEntry>>(async () =>
        {
            await using var command = _dataSource.CreateCommand("select entry, salt from ledger_entries where tenant_id = $1 and position >= $2 and position < $3 order by position");
            command.Parameters.Add(new() { Value = tenant.ToString() });
            command.Parameters.Add(new() { Value = position });
            command.Parameters.Add(new() { Value = position + limit });
            var entries = new List<StoredEntry>();
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct)) entries.Add(new StoredEntry(reader.GetFieldValue<byte[]>(0), reader.IsDBNull(1) ? null : reader.GetFieldValue<byte[]>(1)));
            return entries;
        });

    public Task<Frontier> ReadTreeAsync(TenantId tenant, CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var command = _dataSource.CreateCommand("select tree from ledger_head where tenant_id = $1");
        command.Parameters.Add(new() { Value = tenant.ToString() });
        return await command.ExecuteScalarAsync(ct) is byte[] tree ? EventSql.ReadTree(tree) : Frontier.Empty;
    });

    public Task<IReadOnlyDictionary<long, byte[]>> ReadSealedAsync(StreamKey stream, CancellationToken ct) =>
        Outages.Typed<IReadOnlyDictionary<long, byte[]>>(async () =>
        {
            await using var command = _dataSource.CreateCommand($"select ledger_version(entry), envelope from ledger_entries where {EventSql.SealedOfStream}");
            command.Parameters.Add(new() { Value = stream.Tenant.ToString() });
            command.Parameters.Add(new() { Value = stream.Id.ToString() });
            var parts = new Dictionary<long, byte[]>();
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct)) parts.Add(reader.GetInt64(0), reader.GetFieldValue<byte[]>(1));
            return parts;
        });

    public Task PurgeSealedAsync(StreamKey stream, CancellationToken ct) => Outages.Typed(() =>
    {
        var purge = _dataSource.CreateCommand($"update ledger_entries set envelope = null where {EventSql.SealedOfStream}");
        purge.Parameters.Add(new() { Value = stream.Tenant.ToString() });
        purge.Parameters.Add(new() { Value = stream.Id.ToString() });
        return _durable.WriteAsync(purge, ct);
    });

    public Task<IReadOnlyDictionary<TenantId, long>> ReadHeadsAsync(CancellationToken ct) =>
        Outages.Typed<IReadOnlyDictionary<TenantId, long>>(async () =>
        {
            await using var command = _dataSource.CreateCommand("select tenant_id, next_position from ledger_head where next_position > 0");
            var heads = new Dictionary<TenantId, long>();
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct)) heads.Add(TenantId.Parse(reader.GetString(0)), reader.GetInt64(1));
            return heads;
        });

    public Task<IReadOnlyDictionary<TenantId, long>> FollowHeadsAsync(CancellationToken ct) => _tail.ReadHeadsAsync(ct);

    public async Task<IReadOnlyList<StoredEvent>> FollowFromAsync(TenantId tenant, long position, int limit, CancellationToken ct) =>
        _tail.From(tenant, position, limit) is { Count: > 0 } known ? known : await ReadFromAsync(tenant, position, limit, ct);

    public Task<ISubscriptionLease?> TryLeaseAsync(string subscription, CancellationToken ct) =>
        Outages.Typed<ISubscriptionLease?>(async () => await NpgsqlSubscriptionLease.TryTakeAsync(_dataSource, subscription, ct));

    public Task WaitForAppendAsync(TimeSpan atMost, CancellationToken ct) => _appended.WaitAsync(atMost, ct);

    public async ValueTask DisposeAsync()
    {
        await _commits.DisposeAsync();
        await _appended.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Creates <c>mt_streams</c> and <c>mt_events</c> where they are missing. One process does so at a time.</summary>
    protected virtual Task EnsureStreamTablesAsync(NpgsqlConnection connection, CancellationToken ct) => SchemaOwner.MakeMissingAsync(connection, NpgsqlSchema.Streams, ct);

    /// <summary>Writes everything or nothing.</summary>
    /// <param name="batches">Of different tenants.</param>
    /// <param name="transaction">The one they belong to; null when they are a transaction by themselves.</param>
    protected virtual async Task WriteAsync(IReadOnlyList<Batch> batches, NpgsqlConnection connection, NpgsqlTransaction? transaction)
    {
        // One round trip, and without an explicit transaction that is one.
        await using var sql = new NpgsqlBatch(connection, transaction) { Timeout = 0 };
        BatchSql.Advance(batches, sql);
        BatchSql.WriteStreams(batches, sql);
        BatchSql.WriteLedger(batches, _projections, sql);
        await sql.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>All that batches write besides their streams' tables.</summary>
    protected async Task WriteLedgerAsync(IReadOnlyList<Batch> batches, NpgsqlTransaction transaction)
    {
        await using var sql = new NpgsqlBatch(transaction.Connection, transaction) { Timeout = 0 };
        BatchSql.Advance(batches, sql);
        BatchSql.WriteLedger(batches, _projections, sql);
        await sql.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>Of the transaction that the connection is in.</summary>
    protected internal static async Task CommitAsync(NpgsqlConnection connection)
    {
        await using var commit = new NpgsqlCommand("commit", connection) { CommandTimeout = 0 };
        await commit.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private Task WriteAsync(IReadOnlyList<Batch> batches, CancellationToken ct)
    {
        return _durable.WaitAsync(WriteAloneAsync(), ct);

        async Task WriteAloneAsync()
        {
            await using var connection = await _dataSource.OpenConnectionAsync(ct);
            await WriteAsync(batches, connection, transaction: null);
        }
    }

    private Task<T> ReadAsync<T>(NpgsqlBatchCommand query, Func<NpgsqlDataReader, CancellationToken, Task<T>> read, CancellationToken ct) =>
        Outages.Typed(async () =>
        {
            await using var batch = _dataSource.CreateBatch();
            batch.BatchCommands.Add(query);
            await using var reader = await batch.ExecuteReaderAsync(ct);
            return await read(reader, ct);
        });
}
