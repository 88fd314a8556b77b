using Microsoft.Extensions.DependencyInjection;

namespace ConsentLedger.ServiceDefaults.Tests;

/// <summary>A clock for tests that moves, and all that does not move with it.</summary>
public sealed class ClockTests : IDisposable
{
    private const string Path = $"/v1/subjects/{EdgeHost.Subject}/notes";

    private readonly string _file = System.IO.Path.GetTempFileName();

    [Fact]
    public async Task Without_the_setting_there_is_no_such_clock()
    {
        var host = new EdgeHost();
        await host.InitializeAsync();
        host.Services.GetRequiredService<TimeProvider>().ShouldBeSameAs(TimeProvider.System);
        host.Logs.Lines.ShouldNotContain(line => line.Contains("Clock__OffsetFile"));
        await host.DisposeAsync();
    }

    [Fact]
    public async Task With_it_every_start_says_so_loudly()
    {
        Move("P365D");
        var host = await StartAsync();
        host.Logs.Lines.Single(line => line.Contains("Clock__OffsetFile")).ShouldSatisfyAllConditions(line => line.ShouldContain("Critical"), line => line.ShouldContain("365.00:00:00"));
        await host.DisposeAsync();
    }

    [Theory]
    [InlineData("P3650D")]
    [InlineData("-P3650D")]
    public async Task Tokens_live_by_the_real_clock(string offset)
    {
        Move(offset);
        var host = await StartAsync();
        (await host.GetAsync(Path)).Status.ShouldBe(200);
        var expired = Issuer.Claims();
        (expired["nbf"], expired["exp"]) = (TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 7200, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 3600);
        (await host.GetAsync(Path, host.Issuer.Token(expired))).Status.ShouldBe(401);
        await host.DisposeAsync();
    }

    [Theory]
    [InlineData("P1DT2H", 26)]
    [InlineData("-PT5M", -5 / 60.0)]
    [InlineData("1.02:00:00", 26)]
    [InlineData(" -00:05:00\n", -5 / 60.0)]
    public void The_time_of_day_is_the_systems_and_the_offset(string text, double hours)
    {
        Move(text);
        using var clock = new OffsetClock(_file);
        (clock.GetUtcNow() - TimeProvider.System.GetUtcNow()).TotalHours.ShouldBe(hours, tolerance: 0.01);
        clock.Unmoved().ShouldBeSameAs(TimeProvider.System);
    }

    [Fact]
    public void What_the_file_says_next_counts_and_what_it_says_in_between_does_not()
    {
        Move("P1D");
        using var clock = new OffsetClock(_file);
        foreach (var (text, days) in ((string, int)[])[("P2D", 2), ("", 2), ("P3", 2), ("-P3D", -3)])
        {
            Move(text);
            clock.Look();
            clock.Offset.ShouldBe(TimeSpan.FromDays(days));
        }

        File.Delete(_file);
        clock.Look();
        clock.Offset.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void It_does_not_start_on_what_is_no_duration()
    {
        Move("tomorrow");
        Should.Throw<InvalidOperationException>(() => new OffsetClock(_file)).Message.ShouldContain("Clock__OffsetFile");
    }

    [Fact]
    public async Task A_running_timer_goes_off_when_its_moment_has_come_by_the_moved_clock()
    {
        Move("P0D");
        using var clock = new OffsetClock(_file);
        var (near, far) = (Task.Delay(TimeSpan.FromDays(10), clock), Task.Delay(TimeSpan.FromDays(30), clock));
        Move("P9D");
        clock.Look();
        near.IsCompleted.ShouldBeFalse();
        Move("P11D");
        await near.WaitAsync(TimeSpan.FromSeconds(30));
        far.IsCompleted.ShouldBeFalse();
        Move("P40D");
        await far.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task One_set_back_keeps_nothing_waiting_for_longer_than_it_asked_to()
    {
        Move("P30D");
        using var clock = new OffsetClock(_file);
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(300), clock);
        Move("-P30D");
        for (var tick = 0; tick < 3; tick++) (await ticks.WaitForNextTickAsync(new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_timer_that_repeats_goes_on_after_a_move()
    {
        Move("P0D");
        using var clock = new OffsetClock(_file);
        using var days = new PeriodicTimer(TimeSpan.FromDays(1), clock);
        foreach (var offset in (string[])["P1DT1H", "P2DT2H", "P3DT3H"])
        {
            Move(offset);
            (await days.WaitForNextTickAsync(new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token)).ShouldBeTrue();
        }
    }

    [Fact]
    public void How_long_something_took_is_measured_by_what_nobody_moves()
    {
        Move("P0D");
        using var clock = new OffsetClock(_file);
        var started = clock.GetTimestamp();
        Move("P365D");
        clock.Look();
        clock.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromDays(1));
    }

    public void Dispose() => File.Delete(_file);

    private void Move(string offset) => File.WriteAllText(_file, offset);

    private async Task<EdgeHost> StartAsync()
    {
        var host = new EdgeHost().With("Clock:OffsetFile", _file);
        await host.InitializeAsync();
        return host;
    }
}
