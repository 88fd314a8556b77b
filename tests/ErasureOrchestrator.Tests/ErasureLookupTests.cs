using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.OpenDsr;
using ConsentLedger.EventStore;
using ConsentLedger.Support;
using Npgsql;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>However much there is, nobody is left out.</summary>
public sealed class ErasureLookupTests : IAsyncLifetime
{
    private PostgresDatabase _database = null!;
    private NpgsqlDataSource _ledger = null!;

    private ErasureLookup Lookup => new(_ledger);

    public async Task InitializeAsync()
    {
        _database = await PostgresDatabase.CreateAsync("lookup");
        _ledger = NpgsqlDataSource.Create(_database.ConnectionString);
        await ExecuteAsync(new ErasureTables().Schema);
        await ExecuteAsync(new DsrTables().Schema);
    }

    public async Task DisposeAsync()
    {
        await _ledger.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A_mail_is_owed_to_the_last_as_to_the_first()
    {
        await ExecuteAsync("insert into erasure_requests (tenant_id, request, subject, link_owed) select 'quintus', gen_random_uuid(), gen_random_uuid(), true from generate_series(1, 2345)");
        (await Lookup.ReadLinksOwedAsync(CancellationToken.None).Select(r => r.Request).Distinct().CountAsync()).ShouldBe(2345);
        (await Lookup.ReadSealedEndedAsync(CancellationToken.None).CountAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Every_system_is_called_and_the_slowest_stands_before_no_other()
    {
        await ExecuteAsync("""
            insert into open_request_tasks (tenant_id, request, system, subject, kind, stage, attempt, received_at, dispatched_at)
            select 'tenant-' || t, gen_random_uuid(), 'crm', gen_random_uuid(), 'webhook', 'calling', 1, now(), now() - n * interval '1 s' from generate_series(1, 200) t, generate_series(1, 20) n
            """);
        var calls = await Lookup.ReadCallsAsync(16, CancellationToken.None).ToListAsync();
        calls.Count.ShouldBe(200 * 16);
        calls.DistinctBy(c => c.Request).Count().ShouldBe(calls.Count);
        calls.GroupBy(c => c.Subject.Tenant).Count().ShouldBe(200);
    }

    [Fact]
    public async Task The_board_counts_all_that_is_open_and_has_what_ended_last()
    {
        await ExecuteAsync("""
            insert into erasure_requests (tenant_id, request, subject, type, state, waits_for, received_at, due_on, lapses_at, extended, overdue, ended_at)
            select 'quintus', gen_random_uuid(), gen_random_uuid(), 'erasure', 'running', case when n % 2 = 0 then 'identity' end, now(), current_date, '2026-03-01Z'::timestamptz + (n % 3 - 1) * interval '8 d', false, false,
                case when n > 900 then '2026-01-01Z'::timestamptz + (n % 50) * interval '1 d' end
            from generate_series(1, 1500) n
            """);
        var tenant = TenantId.Parse("quintus");
        (await Lookup.CountOpenAsync(tenant, new DateTimeOffset(2026, 2, 26, 0, 0, 0, TimeSpan.Zero), CancellationToken.None)).ShouldBe(new OpenCounts(900, 300, 300, 450));
        (await Lookup.ReadEndedLastAsync(tenant, 20, CancellationToken.None)).ShouldAllBe(r => r.EndedAt >= new DateTimeOffset(2026, 2, 18, 0, 0, 0, TimeSpan.Zero));
    }

    /// <summary>By the day on which it is due, however old it is and whatever it waits for.</summary>
    [Fact]
    public async Task The_time_that_is_left_is_that_of_what_is_due_first_and_nothing_keeps()
    {
        var now = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
        (await Lookup.ReadWaitingAsync(now, CancellationToken.None)).TimeLeft.ShouldBeNull();

        await AddAsync("running", waitsFor: null, lapses: "2026-04-20Z");
        (await Lookup.ReadWaitingAsync(now, CancellationToken.None)).TimeLeft.ShouldBe(TimeSpan.FromDays(50), "extended");
        await AddAsync("awaiting-identity", waitsFor: "identity", lapses: "2026-03-11Z");
        await AddAsync("held", waitsFor: "legal-hold", lapses: "2026-01-01Z");
        await AddAsync("completed", waitsFor: null, lapses: "2026-01-01Z", ended: "2025-12-31Z");
        (await Lookup.ReadWaitingAsync(now, CancellationToken.None)).TimeLeft.ShouldBe(TimeSpan.FromDays(10));
        await ExecuteAsync("insert into dsr_cases (tenant_id, id, lapses_at, forgotten) values ('quintus', gen_random_uuid(), '2026-02-27Z', false), ('quintus', gen_random_uuid(), '2026-01-01Z', true), ('quintus', gen_random_uuid(), null, false)");
        (await Lookup.ReadWaitingAsync(now, CancellationToken.None)).TimeLeft.ShouldBe(TimeSpan.FromDays(-2), "a case of which nobody has said whose it is");

        Task AddAsync(string state, string? waitsFor, string lapses, string? ended = null) => ExecuteAsync($"""
            insert into erasure_requests (tenant_id, request, subject, type, state, waits_for, received_at, due_on, lapses_at, extended, overdue, ended_at)
            values ('quintus', gen_random_uuid(), gen_random_uuid(), 'erasure', '{state}', {(waitsFor is null ? "null" : $"'{waitsFor}'")}, '2026-01-01Z', '{lapses}'::timestamptz, '{lapses}', false, false, {(ended is null ? "null" : $"'{ended}'")})
            """);
    }

    [Fact]
    public async Task Nobody_is_silent_who_is_not_to_be_told()
    {
        await ExecuteAsync("""
            insert into open_request_tasks (tenant_id, request, system, subject, kind, stage, attempt, received_at, dispatched_at)
            select 'quintus', gen_random_uuid(), 'crm', gen_random_uuid(), 'webhook', stage, 3, now(), now() from unnest(array['held', 'waiting', 'planned']) as stage
            """);
        (await Lookup.ReadWaitingAsync(TimeProvider.System.GetUtcNow(), CancellationToken.None)).Systems.ShouldContain(new SystemWaiting("webhook", 2, 1));
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _ledger.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
