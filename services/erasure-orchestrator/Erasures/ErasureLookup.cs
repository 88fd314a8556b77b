using ConsentLedger.EventStore.Npgsql;
using Npgsql;

namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <param name="Attempt">The one that has to be made.</param>
public sealed record OpenCall(StreamKey Subject, Guid Request, string System, int Attempt);

/// <summary>A request for which something is still to be done.</summary>
public sealed record OwedRequest(StreamKey Subject, Guid Request);

/// <summary>How many of a tenant's requests are open.</summary>
/// <param name="Soon">Due within a week.</param>
public sealed record OpenCounts(long Open, long Overdue, long Soon, long Waiting);

/// <summary>Reads <see cref="ErasureTables"/>, and of cases when they are due. No answer is cut short without its saying so: what may be long is read to its end, a page at a time.</summary>
public sealed class ErasureLookup(NpgsqlDataSource ledger)
{
    private const int Page = 1000;

    private const string Columns = "request, subject, type, state, waits_for, received_at, due_on, lapses_at, extended, overdue, ended_at, outcome";

    /// <summary>The stream in which a request lies, or null where the tenant has no such request.</summary>
    public async Task<StreamKey?> FindAsync(TenantId tenant, Guid request, CancellationToken ct)
    {
        var found = await ReadAsync(
            "select subject from erasure_requests where tenant_id = $1 and request = $2", [tenant.ToString(), request], row => new StreamKey(tenant, new StreamId(row.GetGuid(0))), ct);
        return found is [var subject] ? subject : null;
    }

    /// <summary>Whom a link asks, by its hash.</summary>
    public async Task<(StreamKey Subject, Guid Request)?> FindLinkAsync(string link, CancellationToken ct)
    {
        var found = await ReadAsync("select tenant_id, subject, request from identity_links where link = $1", [link], row => (SubjectIn(row), row.GetGuid(2)), ct);
        return found is [var one] ? one : null;
    }

    /// <summary>Everybody a hold covers.</summary>
    public Task<IReadOnlyList<StreamKey>> ReadHeldAsync(TenantId tenant, Guid hold, CancellationToken ct) => ReadAsync(
        "select tenant_id, subject from legal_holds where tenant_id = $1 and hold = $2 order by subject", [tenant.ToString(), hold], SubjectIn, ct);

    /// <summary>Calls of all tenants that have to be made, the oldest of each system and no more than this many of one: the slowest does not stand before the others.</summary>
    public IAsyncEnumerable<OpenCall> ReadCallsAsync(int ofEach, CancellationToken ct) => AllAsync<OpenCall>(after => ReadAsync(
        $"""
        select tenant_id, subject, request, system, attempt from (
            select *, row_number() over (partition by tenant_id, system order by dispatched_at, request) as n from open_request_tasks where stage = 'calling') t
        where n <= $1 and (tenant_id, request, system) > ($2, $3, $4) order by tenant_id, request, system limit {Page}
        """,
        [ofEach, after?.Subject.Tenant.ToString() ?? "", after?.Request ?? Guid.Empty, after?.System ?? ""],
        row => new OpenCall(SubjectIn(row), row.GetGuid(2), row.GetString(3), row.GetInt32(4)),
        ct));

    /// <summary>Requests whose person has still to be asked for who they are.</summary>
    public IAsyncEnumerable<OwedRequest> ReadLinksOwedAsync(CancellationToken ct) => ReadOwedAsync("where link_owed", ct);

    /// <summary>Requests that have ended and whose identities lie in the vault.</summary>
    public IAsyncEnumerable<OwedRequest> ReadSealedEndedAsync(CancellationToken ct) => ReadOwedAsync("where sealed and ended_at is not null", ct);

    /// <summary>Requests that are completed, and of which nothing says yet what their certificate states.</summary>
    public IAsyncEnumerable<OwedRequest> ReadUncertifiedAsync(CancellationToken ct) => ReadOwedAsync("where state = 'completed' and certified is not true", ct);

    /// <summary>Requests that have ended, page by page.</summary>
    public Task<IReadOnlyList<StreamKey>> ReadEndedAsync(StreamKey? after, CancellationToken ct) => ReadAsync(
        "select tenant_id, request from erasure_requests where (tenant_id, request) > ($1, $2) and ended_at is not null order by tenant_id, request limit 1000",
        [after?.Tenant.ToString() ?? "", after?.Id.Value ?? Guid.Empty], SubjectIn, ct);

    /// <summary>What waits for an answer, and how long the first of it has.</summary>
    public async Task<Waiting> ReadWaitingAsync(DateTimeOffset now, CancellationToken ct)
    {
        // Called what a tenant calls them, other systems would be without end in the metrics; by their kind they are few. Whom a hold keeps from being told is not silent.
        var open = await ReadAsync(
            """
            select case kind when 'service' then system else kind end as who, count(*), count(*) filter (where attempt >= 3 and stage <> 'held')
            from open_request_tasks where stage <> 'planned' group by who
            """,
            [], row => new SystemWaiting(row.GetString(0), row.GetInt64(1), row.GetInt64(2)), ct);

        // A system that answered everything says zero, or an alarm would stay where its last number was.
        var silent = OwnSystems.All.Except(open.Select(o => o.System)).Select(system => new SystemWaiting(system, 0, 0));
        var lapses = await ReadAsync(
            """
            select min(lapses_at) from (
                select lapses_at from erasure_requests where state is not null and ended_at is null and waits_for is distinct from 'legal-hold'
                union all select lapses_at from dsr_cases where not forgotten) due
            """,
            [], row => row.IsDBNull(0) ? (DateTimeOffset?)null : row.GetFieldValue<DateTimeOffset>(0), ct);
        return new Waiting([.. open, .. silent], lapses[0] - now);
    }

    public async Task<OpenCounts> CountOpenAsync(TenantId tenant, DateTimeOffset now, CancellationToken ct) => (await ReadAsync(
        """
        select count(*), count(*) filter (where lapses_at <= $2), count(*) filter (where lapses_at > $2 and lapses_at <= $3), count(*) filter (where waits_for is not null)
        from erasure_requests where tenant_id = $1 and state is not null and ended_at is null
        """,
        [tenant.ToString(), now.ToUniversalTime(), now.ToUniversalTime().AddDays(7)],
        row => new OpenCounts(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)),
        ct))[0];

    /// <summary>Those that ended last.</summary>
    public Task<IReadOnlyList<RequestRow>> ReadEndedLastAsync(TenantId tenant, int limit, CancellationToken ct) => ReadAsync(
        $"select {Columns} from erasure_requests where tenant_id = $1 and state is not null and ended_at is not null order by ended_at desc, request limit $2", [tenant.ToString(), limit], RowIn, ct);

    /// <summary>Rows of the tenant's requests, those that are due first at the head.</summary>
    public Task<IReadOnlyList<RequestRow>> ListAsync(TenantId tenant, RequestFilter filter, CancellationToken ct) => ReadAsync(
        $"""
        select {Columns} from erasure_requests
        where tenant_id = $1 and state is not null
            and ($2::text[] is null or state = any($2)) and ($3::text is null or type = $3) and ($4::date is null or due_on <= $4)
            and ($5::boolean is null or (waits_for is not distinct from 'legal-hold') = $5) and ($6::boolean is null or (ended_at is null) = $6)
            and (lapses_at, request) > ($7, $8)
        order by lapses_at, request limit $9
        """,
        [
            tenant.ToString(), (object?)filter.States ?? DBNull.Value, (object?)filter.Type ?? DBNull.Value, (object?)filter.DueBy ?? DBNull.Value, (object?)filter.Held ?? DBNull.Value,
            (object?)filter.Open ?? DBNull.Value, filter.After?.LapsesAt ?? new DateTimeOffset(1900, 1, 1, 0, 0, 0, TimeSpan.Zero), filter.After?.Request ?? Guid.Empty, filter.Limit,
        ],
        RowIn,
        ct);

    private static RequestRow RowIn(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetGuid(1), row.GetString(2), row.GetString(3), TextIn(row, 4), row.GetFieldValue<DateTimeOffset>(5), row.GetFieldValue<DateOnly>(6),
        row.GetFieldValue<DateTimeOffset>(7), row.GetBoolean(8), row.GetBoolean(9), row.IsDBNull(10) ? null : row.GetFieldValue<DateTimeOffset>(10), TextIn(row, 11));

    private IAsyncEnumerable<OwedRequest> ReadOwedAsync(string where, CancellationToken ct) => AllAsync<OwedRequest>(after => ReadAsync(
        $"select tenant_id, subject, request from erasure_requests {where} and (tenant_id, request) > ($1, $2) order by tenant_id, request limit {Page}",
        [after?.Subject.Tenant.ToString() ?? "", after?.Request ?? Guid.Empty], row => new OwedRequest(SubjectIn(row), row.GetGuid(2)), ct));

    /// <summary>A page at a time: each begins after the last row of the one before.</summary>
    private static async IAsyncEnumerable<T> AllAsync<T>(Func<T?, Task<IReadOnlyList<T>>> read)
        where T : class
    {
        for (var page = await read(null); ; page = await read(page[^1]))
        {
            foreach (var row in page) yield return row;
            if (page.Count < Page) yield break;
        }
    }

    private static StreamKey SubjectIn(NpgsqlDataReader row) => new(TenantId.Parse(row.GetString(0)), new StreamId(row.GetGuid(1)));

    private static string? TextIn(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private Task<IReadOnlyList<T>> ReadAsync<T>(string sql, IReadOnlyList<object> parameters, Func<NpgsqlDataReader, T> read, CancellationToken ct) => Outages.Typed<IReadOnlyList<T>>(async () =>
    {
        await using var command = ledger.CreateCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rows = new List<T>();
        while (await reader.ReadAsync(ct)) rows.Add(read(reader));
        return rows;
    });
}

/// <summary>Which requests are listed; null for all.</summary>
/// <param name="After">Where the last page ended.</param>
public sealed record RequestFilter(
    IReadOnlyList<string>? States = null, string? Type = null, DateOnly? DueBy = null, bool? Held = null, bool? Open = null, (DateTimeOffset LapsesAt, Guid Request)? After = null, int Limit = 100);

/// <summary>A request as the table has it.</summary>
public sealed record RequestRow(
    Guid Id, Guid Subject, string Type, string State, string? WaitsFor, DateTimeOffset ReceivedAt, DateOnly DueOn, DateTimeOffset LapsesAt, bool Extended, bool Overdue, DateTimeOffset? EndedAt, string? Outcome);
