using ConsentLedger.EventStore;

namespace ConsentLedger.Timers.Tests;

/// <summary>Streams from before a rule have it applied to them, once.</summary>
public sealed class NewRuleTests : IAsyncLifetime
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private Library _library = null!;

    private Replica First => _library.First;

    private DateTimeOffset Now => _library.Clock.GetUtcNow();

    public async Task InitializeAsync() => _library = await Library.OpenAsync();

    public async Task DisposeAsync() => await _library.DisposeAsync();

    [Fact]
    public async Task Streams_that_were_there_before_are_found_and_only_once()
    {
        var readers = Enumerable.Range(0, 1200).Select(n => _library.NewReader(TenantId.Parse($"town-{n % 3}"))).ToList();
        await Task.WhenAll(readers.Select((r, n) => First.LendAsync(r, "a", Now + Day * (1 + n % 2))));
        await _library.AskAsync("delete from stream_timers; insert into mt_streams (tenant_id, id, version) values ('*DEFAULT*', 'somebody else''s', 1)");

        await First.Rules.RunAsync(default);
        (await _library.RowsAsync()).ShouldBe(1200L);
        _library.Clock.Pass(Day);
        await First.FireAllAsync();
        (await _library.AskedBackInAllAsync()).ShouldBe(600L);

        await _library.AskAsync("delete from stream_timers");
        await First.Rules.RunAsync(default);
        (await _library.RowsAsync()).ShouldBe(0L);
        await (await _library.ReplicaAsync(timed: Timed(rule: 2))).Rules.RunAsync(default);
        (await _library.RowsAsync()).ShouldBe(600L);

        // The release before, which runs a little longer, takes nothing back.
        await First.Rules.RunAsync(default);
        (await _library.AskAsync("select rule from timer_rules where done")).ShouldBe(2);
    }

    [Fact]
    public async Task Whoever_was_killed_in_the_middle_goes_on_there()
    {
        await Task.WhenAll(Enumerable.Range(0, 1200).Select(_ => First.LendAsync(_library.NewReader(), "a", Now + Day)));
        await _library.AskAsync("delete from stream_timers");
        await _library.AskAsync("insert into timer_rules select 'shelf', 1, tenant_id, id, false from mt_streams order by tenant_id, id offset 999 limit 1");
        await First.Rules.RunAsync(default);
        (await _library.RowsAsync()).ShouldBe(200L);
    }

    [Fact]
    public async Task A_stream_that_cannot_be_read_keeps_no_other_from_it()
    {
        var newer = await _library.ReplicaAsync(catalog: Shelf.Newer);
        await newer.Ledger.ExecuteAsync(Shelf.Record(_library.NewReader(), new Lent("a", Now + Day), new Torn("7")), default);
        for (var n = 0; n < 3; n++) await First.LendAsync(_library.NewReader(), "a", Now + Day);
        await _library.AskAsync("delete from stream_timers");
        await First.Rules.RunAsync(default);
        (await _library.RowsAsync()).ShouldBe(3L);
    }

    [Fact]
    public async Task What_a_stream_has_set_since_is_not_taken_back()
    {
        var reader = _library.NewReader();
        await First.LendAsync(reader, "a", Now + Day);
        await _library.AskAsync($"update stream_timers set version = 7, due_at = '{Now:O}'");
        await First.Rules.RunAsync(default);
        (await _library.AskAsync("select version from stream_timers")).ShouldBe(7L);
    }

    [Fact]
    public async Task The_worker_applies_it_by_itself()
    {
        var reader = _library.NewReader();
        await First.LendAsync(reader, "a", Now);
        await _library.AskAsync("delete from stream_timers");
        await First.StartAsync();
        while ((await _library.AskedBackAsync(reader)).Count == 0) await Task.Delay(20);
    }

    private static TimedStream<Shelf> Timed(int rule) => new(Shelf.Stream, state => state.Borrowed.Select(b => new Due(b.Value, new AskedBack(b.Key, b.Value))), rule);
}
