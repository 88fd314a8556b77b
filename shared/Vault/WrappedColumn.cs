using ConsentLedger.EventStore.Npgsql;
using Npgsql;

namespace ConsentLedger.Vault;

/// <summary>
/// What lies wrapped in one of the vault's tables, in its columns <c>kek_epoch</c> and <c>wrapped</c>, whatever it is. No two rows of a table have the same wrapped bytes, so these stand for the row.
/// </summary>
internal sealed class WrappedColumn(NpgsqlDataSource vault, string table)
{
    private readonly Durable _durable = Durable.Within(vault);

    public Task<bool> IsThereAsync(CancellationToken ct) => VaultOutages.Typed(async () =>
    {
        await using var select = Command("select to_regclass($1) is not null", table);
        return await select.ExecuteScalarAsync(ct) is true;
    });

    /// <summary>At most <paramref name="limit"/> under this KEK, in order, beyond <paramref name="after"/>.</summary>
    public Task<IReadOnlyList<WrappedKey>> FindAsync(Guid epoch, byte[] after, int limit, CancellationToken ct) => VaultOutages.Typed<IReadOnlyList<WrappedKey>>(async () =>
    {
        await using var select = Command($"select wrapped from {table} where kek_epoch = $1 and wrapped > $2 order by wrapped limit $3", epoch, after, limit);
        var page = new List<WrappedKey>();
        await using var reader = await select.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) page.Add(new WrappedKey(epoch, reader.GetFieldValue<byte[]>(0)));
        return page;
    });

    /// <summary>Replaces each where it still is what was read: whoever destroyed or replaced it meanwhile was first.</summary>
    /// <returns>How many were replaced.</returns>
    public Task<int> ReplaceAsync(Guid epoch, IReadOnlyCollection<(byte[] Old, WrappedKey New)> wrapped, CancellationToken ct) => _durable.WriteToVaultAsync(
        Command(
            $"""
            update {table} t set kek_epoch = n.epoch, wrapped = n.wrapped from unnest($2, $3, $4) as n (old, epoch, wrapped)
            where t.kek_epoch = $1 and t.wrapped = n.old
            """,
            epoch, wrapped.Select(w => w.Old).ToArray(), wrapped.Select(w => w.New.Epoch).ToArray(), wrapped.Select(w => w.New.Bytes).ToArray()), ct);

    /// <summary>How many lie under each KEK but this one.</summary>
    public Task<IReadOnlyDictionary<Guid, long>> CountUnderOthersAsync(Guid epoch, CancellationToken ct) => VaultOutages.Typed<IReadOnlyDictionary<Guid, long>>(async () =>
    {
        // Two ranges of the index: where all lie under this one, as nearly always, nothing is read.
        await using var select = Command(
            $"select kek_epoch, count(*) from {table} where wrapped is not null and (kek_epoch < $1 or kek_epoch > $1) group by kek_epoch", epoch);
        var counts = new Dictionary<Guid, long>();
        await using var reader = await select.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) counts.Add(reader.GetGuid(0), reader.GetInt64(1));
        return counts;
    });

    private NpgsqlCommand Command(string sql, params ReadOnlySpan<object> values)
    {
        var command = vault.CreateCommand(sql);
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        return command;
    }
}
