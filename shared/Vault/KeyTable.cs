using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using Npgsql;

namespace ConsentLedger.Vault;

/// <summary>The vault's one table. A row is never deleted: it holds a wrapped key, or it is the tombstone that keeps the place of a destroyed one.</summary>
internal sealed class KeyTable(NpgsqlDataSource vault)
{
    // `create … if not exists` still collides when two processes run it at once; the lock makes the second wait.
    private const string Schema = """
        select pg_advisory_xact_lock(hashtext('consent-ledger vault schema'));
        create table if not exists subject_keys (
            tenant_id    text        not null,
            stream_id    uuid        not null,
            key_id       uuid        null,
            kek_epoch    uuid        null,
            wrapped      bytea       null,
            created_at   timestamptz not null,
            destroyed_at timestamptz null,
            primary key (tenant_id, stream_id),
            constraint subject_keys_key_or_tombstone check (
                case when destroyed_at is null then num_nulls(key_id, kek_epoch, wrapped) = 0 else num_nonnulls(kek_epoch, wrapped) = 0 end)
        );
        create index if not exists subject_keys_by_epoch on subject_keys (kek_epoch, wrapped) where wrapped is not null;
        """;

    private readonly Durable _durable = Durable.Within(vault);

    public Task EnsureAsync(CancellationToken ct) => VaultOutages.Typed(async () =>
    {
        await using var connection = await vault.OpenConnectionAsync(ct);
        if (!await SchemaOwner.MayChangeAsync(connection, Schema, ct)) return;
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await SchemaOwner.MakeMissingAsync(connection, Schema, ct);
        await transaction.CommitAsync(ct);
    });

    public Task<KeyRow?> FindAsync(StreamKey subject, CancellationToken ct) =>
        ReadAsync(Command("select key_id, kek_epoch, wrapped, destroyed_at from subject_keys where tenant_id = $1 and stream_id = $2", subject), ct);

    /// <summary>Those of the subjects whose key is there.</summary>
    public Task<IReadOnlyList<StreamKey>> FindLivingAsync(IReadOnlyCollection<StreamKey> subjects, CancellationToken ct) => VaultOutages.Typed<IReadOnlyList<StreamKey>>(async () =>
    {
        await using var select = vault.CreateCommand("""
            select k.tenant_id, k.stream_id from unnest($1, $2) as s (tenant_id, stream_id) join subject_keys k using (tenant_id, stream_id) where k.destroyed_at is null
            """);
        select.Parameters.Add(new() { Value = subjects.Select(s => s.Tenant.ToString()).ToArray() });
        select.Parameters.Add(new() { Value = subjects.Select(s => s.Id.Value).ToArray() });
        var living = new List<StreamKey>();
        await using var reader = await select.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) living.Add(new StreamKey(TenantId.Parse(reader.GetString(0)), new StreamId(reader.GetGuid(1))));
        return living;
    });

    /// <summary>At most <paramref name="limit"/> living keys of a tenant beyond this subject, in the order of their subjects.</summary>
    public Task<IReadOnlyList<(StreamKey Subject, KeyRow Row)>> ReadLivingAsync(TenantId tenant, Guid after, int limit, CancellationToken ct) => VaultOutages.Typed<IReadOnlyList<(StreamKey, KeyRow)>>(async () =>
    {
        await using var select = vault.CreateCommand("""
            select stream_id, key_id, kek_epoch, wrapped from subject_keys where tenant_id = $1 and stream_id > $2 and destroyed_at is null order by stream_id limit $3
            """);
        select.Parameters.Add(new() { Value = tenant.ToString() });
        select.Parameters.Add(new() { Value = after });
        select.Parameters.Add(new() { Value = limit });
        var page = new List<(StreamKey, KeyRow)>();
        await using var reader = await select.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            page.Add((new StreamKey(tenant, new StreamId(reader.GetGuid(0))), new KeyRow(reader.GetGuid(1), new WrappedKey(reader.GetGuid(2), reader.GetFieldValue<byte[]>(3)), DestroyedAt: null)));
        return page;
    });

    /// <summary>Some living key, to try the KEK on.</summary>
    public Task<KeyRow?> FindAnyAsync(CancellationToken ct) =>
        ReadAsync(vault.CreateCommand("select key_id, kek_epoch, wrapped, destroyed_at from subject_keys where destroyed_at is null limit 1"), ct);

    /// <summary>Takes the subject's place if it is free. Of several at once one does; where a key or a tombstone stands, nothing is written.</summary>
    public Task AddAsync(StreamKey subject, Guid keyId, WrappedKey key, DateTimeOffset now, CancellationToken ct) => _durable.WriteToVaultAsync(Command(
        """
        insert into subject_keys (tenant_id, stream_id, key_id, kek_epoch, wrapped, created_at) values ($1, $2, $3, $4, $5, $6)
        on conflict (tenant_id, stream_id) do nothing
        """, subject, keyId, key.Epoch, key.Bytes, now), ct);

    /// <summary>Leaves a tombstone, whether there was a key or not. An older tombstone stays as it is.</summary>
    public Task BuryAsync(StreamKey subject, DateTimeOffset now, CancellationToken ct) => _durable.WriteToVaultAsync(Command(
        """
        insert into subject_keys (tenant_id, stream_id, created_at, destroyed_at) values ($1, $2, $3, $3)
        on conflict (tenant_id, stream_id) do update set kek_epoch = null, wrapped = null, destroyed_at = excluded.destroyed_at
        where subject_keys.destroyed_at is null
        """, subject, now), ct);

    private static Task<KeyRow?> ReadAsync(NpgsqlCommand select, CancellationToken ct) => VaultOutages.Typed(async () =>
    {
        await using var _ = select;
        await using var reader = await select.ExecuteReaderAsync(ct);
        if (!await reader.ReadAsync(ct)) return null;
        return new KeyRow(
            reader.IsDBNull(0) ? null : reader.GetGuid(0),
            reader.IsDBNull(2) ? null : new WrappedKey(reader.GetGuid(1), reader.GetFieldValue<byte[]>(2)),
            reader.IsDBNull(3) ? null : reader.GetFieldValue<DateTimeOffset>(3));
    });

    private NpgsqlCommand Command(string sql, StreamKey subject, params ReadOnlySpan<object> more)
    {
        var command = vault.CreateCommand(sql);
        command.Parameters.Add(new() { Value = subject.Tenant.ToString() });
        command.Parameters.Add(new() { Value = subject.Id.Value });
        foreach (var value in more) command.Parameters.Add(new() { Value = value });
        return command;
    }
}

/// <summary>Living: key id and key. A tombstone: when it was set, and which key it stands for, where there was one.</summary>
internal sealed record KeyRow(Guid? KeyId, WrappedKey? Key, DateTimeOffset? DestroyedAt);
