using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace ConsentLedger.Resilience.Tests;

/// <summary>A real HTTP remote that is busy, hangs or is away, and time that passes as the test says.</summary>
public sealed class RemoteTests : IAsyncLifetime
{
    private Shop _shop = null!;

    public async Task InitializeAsync() => _shop = await Shop.OpenAsync();

    public async Task DisposeAsync() => await _shop.DisposeAsync();

    [Fact]
    public async Task A_remote_that_says_when_to_come_back_is_asked_again_then()
    {
        await using var caller = new Caller(_shop.ThenBusy(retryAfter: "3"), remote => (remote.Attempts, remote.BaseDelayMs, remote.MaxDelayMs) = (3, 10, 5000));
        (await caller.AskPatientlyAsync()).ShouldBe([TimeSpan.FromSeconds(3)]);
        _shop.Asked.ShouldBe(2);
    }

    [Fact]
    public async Task A_date_to_come_back_at_counts_from_now()
    {
        await using var caller = new Caller(_shop, remote => (remote.Attempts, remote.BaseDelayMs, remote.MaxDelayMs) = (3, 10, 5000));
        _shop.ThenBusy(retryAfter: caller.Clock.GetUtcNow().AddSeconds(4).ToString("R"));
        (await caller.AskPatientlyAsync()).ShouldBe([TimeSpan.FromSeconds(4)]);
    }

    [Fact]
    public async Task Asked_to_wait_longer_than_the_call_may_it_fails_at_once()
    {
        await using var caller = new Caller(_shop.ThenBusy(retryAfter: "60"), remote => (remote.Attempts, remote.BaseDelayMs, remote.MaxDelayMs) = (3, 10, 5000));
        (await Should.ThrowAsync<RemoteAnswerException>(() => caller.AskAsync())).RetryAfter.ShouldBe(TimeSpan.FromMinutes(1));
        _shop.Asked.ShouldBe(1);
    }

    [Fact]
    public async Task A_busy_remote_is_asked_as_often_as_the_configuration_says_with_growing_waits_that_are_never_the_same()
    {
        for (var i = 0; i < 5; i++) _shop.ThenBusy();
        await using var caller = new Caller(_shop, remote => remote.Attempts = 2, ("Resilience:shop:Attempts", "4"), ("Resilience:shop:BaseDelayMs", "1000"), ("Resilience:shop:MaxDelayMs", "60000"));
        (await Should.ThrowAsync<RemoteAnswerException>(() => caller.AskPatientlyAsync())).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        _shop.Asked.ShouldBe(4);
        caller.Retries.Select(r => r.Attempt).ShouldBe([1, 2, 3]);
        caller.Retries.Select(r => r.Delay).Where(d => d.TotalMilliseconds % 1000 != 0).Distinct().Count().ShouldBe(3);
    }

    [Fact]
    public async Task What_is_refused_for_good_is_not_asked_again()
    {
        await using var caller = new Caller(_shop.ThenBusy(status: 403), remote => remote.Attempts = 5);
        await Should.ThrowAsync<RemoteAnswerException>(() => caller.AskAsync());
        _shop.Asked.ShouldBe(1);
    }

    [Fact]
    public async Task Of_a_remote_that_hangs_each_attempt_is_given_up_and_then_the_call()
    {
        await using var caller = new Caller(
            _shop.ThenHang().ThenHang().ThenHang(), remote => (remote.Attempts, remote.TimeoutMs, remote.AttemptTimeoutMs, remote.BaseDelayMs, remote.MaxDelayMs) = (null, 10_000, 4000, 100, 100));
        var asking = caller.AskAsync();
        for (var attempt = 1; attempt <= 2; attempt++)
        {
            await _shop.AskedAgainAsync();
            caller.Clock.Pass(TimeSpan.FromSeconds(4));
            caller.Clock.Pass(await caller.Clock.NextAsync(below: TimeSpan.FromSeconds(1)));
        }

        await _shop.AskedAgainAsync();
        caller.Clock.Pass(TimeSpan.FromSeconds(2));
        await Should.ThrowAsync<TimeoutRejectedException>(() => asking);
        _shop.Asked.ShouldBe(3);
    }

    [Fact]
    public async Task Who_no_longer_waits_ends_the_call_and_its_waits()
    {
        await using var caller = new Caller(_shop.ThenBusy(), remote => (remote.Attempts, remote.BaseDelayMs, remote.MaxDelayMs) = (null, 60_000, 60_000));
        using var leaving = new CancellationTokenSource();
        var asking = caller.AskAsync(leaving.Token);
        await caller.Clock.NextAsync(TimeSpan.FromHours(1));
        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => asking);
        _shop.Asked.ShouldBe(1);
    }

    [Fact]
    public async Task A_remote_that_keeps_failing_is_left_alone_and_then_one_call_finds_out()
    {
        for (var i = 0; i < 5; i++) _shop.ThenBusy();
        await using var caller = new Caller(_shop, remote => (remote.Attempts, remote.Breaker) = (1, new Breaker { MinimumCalls = 4, BreakMs = 5000 }));
        for (var i = 0; i < 4; i++) await Should.ThrowAsync<RemoteAnswerException>(() => caller.AskAsync());
        caller.CircuitIsOpen.ShouldBeTrue();
        await Should.ThrowAsync<BrokenCircuitException>(() => caller.AskAsync());
        _shop.Asked.ShouldBe(4);

        // Still busy: one asks, nobody else does.
        caller.Clock.Pass(TimeSpan.FromSeconds(5));
        await Should.ThrowAsync<RemoteAnswerException>(() => caller.AskAsync());
        await Should.ThrowAsync<BrokenCircuitException>(() => caller.AskAsync());
        _shop.Asked.ShouldBe(5);

        caller.Clock.Pass(TimeSpan.FromSeconds(5));
        await caller.AskAsync();
        caller.CircuitIsOpen.ShouldBeFalse();
        _shop.Asked.ShouldBe(6);
    }

    [Fact]
    public async Task Calls_attempts_and_events_are_measured_by_name_and_never_by_what_was_said()
    {
        _shop.ThenBusy().ThenBusy();
        await using var caller = new Caller(_shop, remote => (remote.Attempts, remote.Breaker) = (3, new Breaker()));
        await caller.AskPatientlyAsync();

        caller.Measured.ShouldAllBe(m => m.Meter == "Polly" && (string?)m.Tags["pipeline.name"] == "shop");
        caller.Measured.Count(m => m.Name == "resilience.polly.pipeline.duration").ShouldBe(1);
        caller.Measured.Where(m => m.Name == "resilience.polly.strategy.attempt.duration").Select(m => (m.Tags["attempt.number"], m.Tags["attempt.handled"]))
            .ShouldBe([(0, true), (1, true), (2, false)]);
        caller.Measured.Count(m => m.Name == "resilience.polly.strategy.events" && (string?)m.Tags["event.name"] == "OnRetry").ShouldBe(2);
        caller.Measured.SelectMany(m => m.Tags.Values).OfType<string>().ShouldNotContain(tag => tag.Contains("answered", StringComparison.Ordinal));
    }

    [Fact]
    public async Task After_the_tenth_attempt_nobody_counts()
    {
        for (var n = 0; n < 14; n++) _shop.ThenBusy();
        await using var caller = new Caller(_shop, remote => remote.Attempts = 15);
        await caller.AskPatientlyAsync();
        caller.Measured.Where(m => m.Name == "resilience.polly.strategy.attempt.duration").Select(m => m.Tags["attempt.number"]).Distinct()
            .ShouldBe(Enumerable.Range(0, 11).Cast<object?>());
    }

    [Fact]
    public async Task Work_without_an_end_that_lasted_waits_as_briefly_as_at_its_first_failure()
    {
        var clock = new ManualClock();
        using var host = Caller.HostOf(remote => (remote.BaseDelayMs, remote.MaxDelayMs) = (1000, 5000), clock);
        using var stopping = new CancellationTokenSource();
        var (failures, runs) = (new List<Retry>(), 0);
        var working = host.Services.GetRequiredService<Remotes>().KeepGoingAsync("shop", "work", WorkAsync, failures.Add, stopping.Token);
        for (var waited = 0; waited < 6; waited++) clock.Pass(await clock.NextAsync(below: TimeSpan.FromHours(1)));
        await stopping.CancelAsync();
        await working;
        failures.Select(f => f.Attempt).ShouldBe([1, 2, 3, 1, 2, 3]);

        Task WorkAsync(CancellationToken ct)
        {
            if (++runs == 4) clock.Pass(TimeSpan.FromSeconds(6));
            return runs < 7 ? throw new HttpRequestException($"run {runs}") : Task.Delay(Timeout.Infinite, ct);
        }
    }

    [Theory]
    [InlineData("Attempts", "0", "Resilience:shop:Attempts is at least 1.")]
    [InlineData("TimeoutMs", "5", "Resilience:shop:TimeoutMs is from 10 to 86400000.")]
    [InlineData("MaxDelayMs", "1", "Resilience:shop:MaxDelayMs is from BaseDelayMs to 86400000.")]
    [InlineData("Breaker:FailureRatio", "1.5", "Resilience:shop:Breaker:FailureRatio is above 0 and at most 1.")]
    [InlineData("Breaker:BreakMs", "10", "Resilience:shop:Breaker:BreakMs is from 500 to 86400000.")]
    public async Task A_wrong_option_stops_the_process_before_it_serves(string key, string value, string said)
    {
        using var host = Caller.HostOf(_ => { }, TimeProvider.System, ($"Resilience:shop:{key}", value));
        (await Should.ThrowAsync<OptionsValidationException>(() => host.StartAsync())).Message.ShouldBe(said);
    }

    [Fact]
    public async Task A_misspelt_option_stops_the_process_too()
    {
        using var host = Caller.HostOf(_ => { }, TimeProvider.System, ("Resilience:shop:Atempts", "3"));
        (await Should.ThrowAsync<InvalidOperationException>(() => host.StartAsync())).Message.ShouldContain("Atempts");
    }
}
