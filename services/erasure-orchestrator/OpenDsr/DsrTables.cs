using ConsentLedger.EventStore.Npgsql;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

/// <summary>Which cases are not over, and which are. Written with the events it comes from, and could be made from them again.</summary>
public sealed class DsrTables : IInlineProjection
{
    public string Schema => """
        create table if not exists dsr_cases (
            tenant_id text    not null,
            id        uuid    not null,
            forgotten boolean not null default false,
            primary key (tenant_id, id)
        );
        create index if not exists dsr_cases_open on dsr_cases (tenant_id, id) where not forgotten;
        """;

    public void Project(Batch batch, NpgsqlBatch sql)
    {
        var received = batch.Events.Select(e => e.Facts).OfType<DsrReceived>().Select(r => r.Id).ToArray();
        var forgotten = batch.Events.Select(e => e.Facts).OfType<DsrForgotten>().Select(f => f.Id).ToArray();
        if (received.Length > 0) sql.BatchCommands.Add(Command("insert into dsr_cases (tenant_id, id) select $1, i from unnest($2) as t (i) on conflict do nothing", batch, received));
        if (forgotten.Length > 0) sql.BatchCommands.Add(Command("update dsr_cases set forgotten = true where tenant_id = $1 and id = any($2)", batch, forgotten));
    }

    private static NpgsqlBatchCommand Command(string text, Batch batch, Guid[] ids) => new(text)
    {
        Parameters = { new NpgsqlParameter<string> { TypedValue = batch.Tenant.ToString() }, new NpgsqlParameter<Guid[]> { TypedValue = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid } },
    };
}

/// <summary>Reads <see cref="DsrTables"/>, a page at a time.</summary>
public sealed class DsrLookup(NpgsqlDataSource ledger)
{
    private const int PageSize = 500;

    /// <param name="forgotten">Those that are over, or those that are not.</param>
    /// <param name="after">Null for the first page.</param>
    public Task<IReadOnlyList<(TenantId Tenant, Guid Id)>> ReadAsync(bool forgotten, (TenantId Tenant, Guid Id)? after, CancellationToken ct) =>
        Outages.Typed<IReadOnlyList<(TenantId Tenant, Guid Id)>>(async () =>
        {
            await using var command = ledger.CreateCommand("select tenant_id, id from dsr_cases where forgotten = $1 and (tenant_id, id) > ($2, $3) order by tenant_id, id limit $4");
            command.Parameters.Add(new() { Value = forgotten });
            command.Parameters.Add(new() { Value = after?.Tenant.ToString() ?? "" });
            command.Parameters.Add(new() { Value = after?.Id ?? Guid.Empty });
            command.Parameters.Add(new() { Value = PageSize });
            var cases = new List<(TenantId, Guid)>();
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct)) cases.Add((TenantId.Parse(reader.GetString(0)), reader.GetGuid(1)));
            return cases;
        });
}
