using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.EventStore.Npgsql;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

/// <summary>
/// Which cases are over, and when there is something to do about the others: at once after whatever changes a case or the request that it became, and then when <see cref="DsrWork"/>
/// says. A case that waits for others is looked at by nobody. Written with the events it comes from, and could be made from them again.
/// </summary>
public sealed class DsrTables : IInlineProjection
{
    public string Schema => """
        create table if not exists dsr_cases (
            tenant_id text    not null,
            id        uuid    not null,
            forgotten boolean not null default false,
            primary key (tenant_id, id)
        );
        alter table dsr_cases
            add column if not exists request uuid, -- that it became
            add column if not exists due_at  timestamptz default 'epoch', -- null while only others can bring it on
            add column if not exists changed bigint not null default 0, -- how often, so that who has looked at a case ends no later change
            add column if not exists lapses_at timestamptz; -- when its day is over, while nobody has said whose it is; of a case from before this was kept, from the next reminder on
        create index if not exists dsr_cases_open on dsr_cases (tenant_id, id) where not forgotten;
        create index if not exists dsr_cases_due on dsr_cases (due_at) where due_at is not null and not forgotten;
        create index if not exists dsr_cases_request on dsr_cases (tenant_id, request) where not forgotten;
        """;

    public void Project(Batch batch, NpgsqlBatch sql)
    {
        var cases = batch.Streams.Select(s => s.State).OfType<DsrCase>().Where(c => c.Received is not null).ToList();
        if (cases.Count > 0)
        {
            sql.BatchCommands.Add(Command(
                """
                insert into dsr_cases (tenant_id, id, request, forgotten, due_at, lapses_at) select $1, i, r, f, 'epoch', l from unnest($2, $3, $4, $5) as t (i, r, f, l)
                on conflict (tenant_id, id) do update
                set request = excluded.request, forgotten = excluded.forgotten, due_at = excluded.due_at, lapses_at = excluded.lapses_at, changed = dsr_cases.changed + 1
                """,
                batch,
                Array(cases.Select(c => c.Received!.Id), NpgsqlDbType.Uuid), Array(cases.Select(c => c.Matched?.Request), NpgsqlDbType.Uuid), Array(cases.Select(c => c.Forgotten), NpgsqlDbType.Boolean),
                Array(cases.Select(c => c.AwaitsMatch ? c.LapsesAt.ToUniversalTime() : (DateTimeOffset?)null), NpgsqlDbType.TimestampTz)));
        }

        // What a controller hears follows from its person's request.
        var moved = batch.Streams.Where(s => s.State is SubjectRequests).SelectMany(s => Moved((SubjectRequests)s.Before, (SubjectRequests)s.State)).ToList();
        if (moved.Count > 0)
        {
            sql.BatchCommands.Add(Command(
                "update dsr_cases set due_at = 'epoch', changed = changed + 1 where tenant_id = $1 and request = any($2) and not forgotten", batch, Array(moved, NpgsqlDbType.Uuid)));
        }
    }

    private static IEnumerable<Guid> Moved(SubjectRequests before, SubjectRequests now) => now.All.Where(r => Standing(r) != Standing(before.Find(r.Id))).Select(r => r.Id);

    private static (bool HasBegun, bool HasCopyReady, bool Overdue, DateTimeOffset? EndedAt) Standing(PersonRequest? request) => (request?.HasBegun ?? false, request?.HasCopyReady ?? false, request?.Overdue ?? false, request?.EndedAt);

    private static NpgsqlParameter<T[]> Array<T>(IEnumerable<T> values, NpgsqlDbType type) => new() { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | type };

    private static NpgsqlBatchCommand Command(string text, Batch batch, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(text) { Parameters = { new NpgsqlParameter<string> { TypedValue = batch.Tenant.ToString() } } };
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        return command;
    }
}

/// <param name="Changed">How often it had changed when it was read.</param>
public sealed record DueCase(TenantId Tenant, Guid Id, long Changed);

/// <summary>Reads <see cref="DsrTables"/>, a page at a time, and says when a case is looked at next.</summary>
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

    /// <summary>Cases in which there is something to do by now, the longest waiting first; as many as a page has.</summary>
    public Task<IReadOnlyList<DueCase>> ReadDueAsync(DateTimeOffset now, CancellationToken ct) => Outages.Typed<IReadOnlyList<DueCase>>(async () =>
    {
        await using var command = ledger.CreateCommand("select tenant_id, id, changed from dsr_cases where due_at <= $1 and not forgotten order by due_at limit $2");
        command.Parameters.Add(new() { Value = now.ToUniversalTime() });
        command.Parameters.Add(new() { Value = PageSize });
        var due = new List<DueCase>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) due.Add(new DueCase(TenantId.Parse(reader.GetString(0)), reader.GetGuid(1), reader.GetInt64(2)));
        return due;
    });

    /// <summary>When the first of the others is due; null where none is.</summary>
    public Task<DateTimeOffset?> ReadNextAsync(CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var command = ledger.CreateCommand("select min(due_at) from dsr_cases where due_at is not null and not forgotten");
        return await command.ExecuteScalarAsync(ct) is DateTime next ? new DateTimeOffset(next, TimeSpan.Zero) : (DateTimeOffset?)null;
    });

    /// <summary>Says when a case is looked at next, unless it has changed since it was read.</summary>
    /// <param name="dueAt">Null for not before it changes.</param>
    /// <param name="request">What it became, for rows of before that was written.</param>
    public Task PutOffAsync(DueCase looked, DateTimeOffset? dueAt, Guid? request, CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var command = ledger.CreateCommand("update dsr_cases set due_at = $4, request = coalesce(request, $5) where tenant_id = $1 and id = $2 and changed = $3");
        command.Parameters.Add(new() { Value = looked.Tenant.ToString() });
        command.Parameters.Add(new() { Value = looked.Id });
        command.Parameters.Add(new() { Value = looked.Changed });
        command.Parameters.Add(new() { Value = (object?)dueAt?.ToUniversalTime() ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new() { Value = (object?)request ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        await command.ExecuteNonQueryAsync(ct);
    });
}
