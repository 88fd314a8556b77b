using ConsentLedger.EventStore;
using ConsentLedger.EventStore.ContractTests;

namespace ConsentLedger.Timers.Tests;

/// <summary>What falls due happens once, on a real database, whatever comes in between.</summary>
public sealed class FiringTests : IAsyncLifetime
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private Library _library = null!;

    private Replica First => _library.First;

    private DateTimeOffset Now => _library.Clock.GetUtcNow();

    public async Task InitializeAsync() => _library = await Library.OpenAsync();

    public async Task DisposeAsync() => await _library.DisposeAsync();

    [Fact]
    public async Task What_falls_due_is_recorded_and_nothing_before_its_time()
    {
        var reader = _library.NewReader();
        await First.LendAsync(reader, "a", Now + Day);
        await First.LendAsync(reader, "b", Now + 2 * Day);

        (await First.Timers.FireRoundAsync(default)).ShouldBe(Now + Day);
        (await _library.AskedBackAsync(reader)).ShouldBeEmpty();

        _library.Clock.Pass(Day);
        await First.FireAllAsync();
        (await _library.AskedBackAsync(reader)).ShouldBe([new AskedBack("a", Now)]);
        (await First.Timers.FireRoundAsync(default)).ShouldBe(Now + Day);

        _library.Clock.Pass(10 * Day);
        await First.FireAllAsync();
        await First.FireAllAsync();
        (await _library.AskedBackAsync(reader)).Count.ShouldBe(2);
        (await _library.RowsAsync()).ShouldBe(0L);
    }

    [Fact]
    public async Task What_was_changed_after_somebody_saw_it_due_does_not_happen()
    {
        var reader = _library.NewReader();
        await First.LendAsync(reader, "a", Now + Day);
        await First.LendAsync(reader, "a", Now + 7 * Day);

        // As it is for whoever read the row just before the book was renewed.
        await _library.AskAsync($"update stream_timers set due_at = '{Now:O}', look_at = '{Now:O}'");
        await First.FireAllAsync();
        (await _library.AskedBackAsync(reader)).ShouldBeEmpty();
        (await First.Timers.FireRoundAsync(default)).ShouldBe(Now + 7 * Day);
    }

    [Fact]
    public async Task A_row_of_what_is_no_longer_due_at_all_goes()
    {
        var reader = _library.NewReader();
        await First.LendAsync(reader, "a", Now);
        (await First.Ledger.ExecuteAsync(Shelf.Record(reader, new Returned("a")), default)).ShouldBeOfType<Outcome.Recorded>();
        (await _library.RowsAsync()).ShouldBe(0L);

        await _library.AskAsync($"insert into stream_timers values ('town', '{reader.Id}', 'shelf', '{Now:O}', '{Now:O}', 1)");
        await First.FireAllAsync();
        (await _library.RowsAsync()).ShouldBe(0L);
        (await _library.AskedBackAsync(reader)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_row_that_was_written_since_is_not_mended_by_who_saw_the_one_before()
    {
        var reader = _library.NewReader();
        await First.LendAsync(reader, "a", Now + Day);
        var rows = new TimerRows(_library.Sql);
        var seen = (await rows.ReadDueAsync(Library.Town, Now + Day, 10, default)).Single();
        await First.LendAsync(reader, "b", Now);

        await rows.CorrectAsync(seen, null, Now, version: 1, default);
        await rows.CorrectAsync(seen, Now + 9 * Day, Now, version: 1, default);
        await rows.PutOffAsync(seen, Now + 9 * Day, default);
        (await First.Timers.FireRoundAsync(default)).ShouldBe(Now);
        (await _library.AskedBackAsync(reader)).ShouldBe([new AskedBack("b", Now)]);
    }

    [Fact]
    public async Task A_clock_that_is_ahead_fires_nothing_early_and_loses_nothing_by_having_tried()
    {
        var ahead = new SetClock();
        ahead.Pass(2 * Day);
        var hasty = await _library.ReplicaAsync(workers: ahead);
        var reader = _library.NewReader();
        await First.LendAsync(reader, "a", Now + Day);

        // Also what a clock leaves that is set back between the look and the decision.
        await hasty.FireAllAsync();
        (await _library.AskedBackAsync(reader)).ShouldBeEmpty();

        _library.Clock.Pass(3 * Day);
        await First.FireAllAsync();
        (await _library.AskedBackAsync(reader)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_clock_that_goes_back_and_forth_fires_nothing_twice()
    {
        var reader = _library.NewReader();
        await First.LendAsync(reader, "a", Now + Day);
        foreach (var days in (int[])[2, -5, 5, -30, 60])
        {
            _library.Clock.Pass(days * Day);
            await First.FireAllAsync();
        }

        (await _library.AskedBackAsync(reader)).Count.ShouldBe(1);
        await First.LendAsync(reader, "a", Now + Day);
        _library.Clock.Pass(Day);
        await First.FireAllAsync();
        (await _library.AskedBackAsync(reader)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task Many_workers_at_once_with_answers_lost_fire_each_timer_once()
    {
        var readers = Enumerable.Range(0, 600).Select(_ => _library.NewReader()).ToList();
        await Task.WhenAll(readers.Select(r => First.LendAsync(r, "a", Now + Day)));
        _library.Clock.Pass(Day);
        var others = new List<Replica> { await _library.ReplicaAsync(around: e => new LosesAnswers(e)), await _library.ReplicaAsync(around: e => new LosesAnswers(e)) };
        await Task.WhenAll(others.Append(First).Select(r => r.FireAllAsync()));

        (await _library.AskedBackInAllAsync()).ShouldBe(600L);
        (await _library.AskAsync("select count(distinct stream_id) from mt_events where type = 'shelf.asked-back.v1'")).ShouldBe(600L);
        (await _library.RowsAsync()).ShouldBe(0L);
    }

    [Fact]
    public async Task A_worker_whose_connections_are_cut_goes_on_and_repeats_nothing()
    {
        var readers = Enumerable.Range(0, 3000).Select(_ => _library.NewReader()).ToList();
        await Task.WhenAll(readers.Select(r => First.LendAsync(r, "a", Now + Day)));
        _library.Clock.Pass(Day);
        await First.StartAsync();
        await (await _library.ReplicaAsync()).StartAsync();
        var cut = 0L;
        for (var time = 0; time < 5; time++)
        {
            var before = (long)(await _library.AskedBackInAllAsync())!;
            while ((long)(await _library.AskedBackInAllAsync())! is var now && now < 3000 && now == before) await Task.Delay(5);
            cut += await _library.KillConnectionsAsync();
        }

        while ((long)(await _library.RowsAsync())! > 0) await Task.Delay(25);
        (await _library.AskedBackInAllAsync()).ShouldBe(3000L);
        cut.ShouldBePositive();
    }

    [Fact]
    public async Task One_tenants_flood_keeps_no_other_waiting_for_longer_than_a_page()
    {
        await Task.WhenAll(Enumerable.Range(0, 2000).Select(_ => First.LendAsync(_library.NewReader(), "a", Now)));
        var patient = _library.NewReader(TenantId.Parse("village"));
        await First.LendAsync(patient, "a", Now + Day);
        _library.Clock.Pass(Day);

        await First.Timers.FireRoundAsync(default);
        (await _library.AskedBackAsync(patient)).Count.ShouldBe(1);
        (await _library.AskedBackInAllAsync()).ShouldBe(FireTimers.Page + 1L);
        await First.FireAllAsync();
        (await _library.AskedBackInAllAsync()).ShouldBe(2001L);
    }

    [Fact]
    public async Task A_hundred_thousand_at_once_fire_once_each_while_the_tenant_goes_on_writing()
    {
        const int Many = 100_000;
        await Parallel.ForEachAsync(Enumerable.Range(0, Many), new ParallelOptions { MaxDegreeOfParallelism = 1024 }, async (n, _) => await First.LendAsync(_library.NewReader(), "a", Now.AddMilliseconds(n % 1000)));
        (await _library.RowsAsync()).ShouldBe((long)Many);
        _library.Clock.Pass(Day);
        var firing = First.FireAllAsync();
        while (!firing.IsCompleted) await First.LendAsync(_library.NewReader(), "b", Now + Day);
        await firing;
        (await _library.AskedBackInAllAsync()).ShouldBe((long)Many);
        (await _library.AskAsync("select count(distinct stream_id) from mt_events where type = 'shelf.asked-back.v1'")).ShouldBe((long)Many);
        (await First.Timers.ReadLagAsync(default)).ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public async Task More_than_one_act_can_hold_falls_due_in_several()
    {
        var reader = _library.NewReader();
        await First.Ledger.ExecuteAsync(Shelf.Record(reader, Enumerable.Range(0, 250).Select(n => new Lent($"{n:000}", Now))), default);
        await First.FireAllAsync();
        (await _library.AskedBackAsync(reader)).Count.ShouldBe(250);
    }

    [Fact]
    public async Task A_stream_that_cannot_be_read_holds_up_nobody_and_is_tried_ever_more_rarely()
    {
        var newer = await _library.ReplicaAsync(catalog: Shelf.Newer);
        var torn = _library.NewReader();
        (await newer.Ledger.ExecuteAsync(Shelf.Record(torn, new Lent("a", Now + Day), new Torn("7")), default)).ShouldBeOfType<Outcome.Recorded>();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => First.LendAsync(_library.NewReader(), "a", Now + Day)));
        _library.Clock.Pass(Day);

        await First.FireAllAsync();
        (await _library.AskedBackInAllAsync()).ShouldBe(20L);
        First.Measured.Of("consentledger.timers.failures").ShouldBe(["1 kind=shelf"]);
        var waits = new List<double>();
        for (var tries = 0; tries < 12; tries++)
        {
            var next = (await First.Timers.FireRoundAsync(default)).ShouldNotBeNull();
            waits.Add((next - Now).TotalSeconds);
            _library.Clock.Pass(next - Now);
            await First.FireAllAsync();
        }

        waits.ShouldBe([1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600]);

        // A release that can read it finds it waiting.
        _library.Clock.Pass(TimeSpan.FromMinutes(10));
        await newer.FireAllAsync();
        (await _library.AskedBackInAllAsync()).ShouldBe(21L);
    }

    [Fact]
    public async Task What_does_not_end_by_its_event_is_not_recorded_and_holds_up_nobody()
    {
        await First.LendAsync(_library.NewReader(), Shelf.Glued, Now);
        await First.LendAsync(_library.NewReader(), "a", Now);
        await First.FireAllAsync();
        (await _library.AskedBackInAllAsync()).ShouldBe(1L);
        (await _library.RowsAsync()).ShouldBe(1L);
    }

    [Fact]
    public async Task The_lag_is_that_of_the_oldest_and_none_when_all_has_fired()
    {
        (await First.Timers.ReadLagAsync(default)).ShouldBe(TimeSpan.Zero);
        await First.LendAsync(_library.NewReader(), "a", Now + Day);
        await First.LendAsync(_library.NewReader(TenantId.Parse("village")), "a", Now + 2 * Day);
        (await First.Timers.ReadLagAsync(default)).ShouldBe(TimeSpan.Zero);
        _library.Clock.Pass(5 * Day);
        (await First.Timers.ReadLagAsync(default)).ShouldBe(4 * Day);
        await First.FireAllAsync();
        (await First.Timers.ReadLagAsync(default)).ShouldBe(TimeSpan.Zero);
        First.Measured.Of("consentledger.timers.fired").Count.ShouldBe(2);
    }
}
