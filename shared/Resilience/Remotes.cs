using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Options;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace ConsentLedger.Resilience;

/// <summary>
/// Makes the pipelines through which remotes are called. Who may be called twice, and who must not, is in docs/adr/0015: an append is never in here,
/// because the loop that decides it repeats it by command id.
/// </summary>
public sealed class Remotes(IOptionsMonitor<Remote> options, RemoteMetrics metrics, TimeProvider clock)
{
    /// <summary>Breaker, time limit, attempts, and a limit for each: those of them that are configured.</summary>
    /// <param name="isOutage">What another attempt may mend. Whatever is refused for good is no outage.</param>
    /// <param name="retryAfter">How long the remote asked to be left alone, where it did.</param>
    /// <param name="what">Tells remotes of one name apart in metrics; each has a breaker of its own.</param>
    public ResiliencePipeline Calling(string name, Func<Exception, bool> isOutage, Func<Exception, TimeSpan?>? retryAfter = null, Action<Retry>? tell = null, string? what = null)
    {
        var remote = options.Get(name);
        var pipeline = Builder(name, what);

        // Outermost the breaker: while the other side hangs, not every caller here hangs with it.
        if (remote.Breaker is { } breaker) pipeline.AddCircuitBreaker(BreakerOf(name, what, breaker, isOutage));
        if (remote.TimeoutMs is { } whole) pipeline.AddTimeout(TimeSpan.FromMilliseconds(whole));
        if (remote.Attempts is not 1)
        {
            pipeline.AddRetry(RetryOf(
                remote, remote.Attempts, (e, _) => (e is TimeoutRejectedException || isOutage(e)) && !(retryAfter?.Invoke(e) > MaxDelayOf(remote)), retryAfter, tell));
        }

        if (remote.AttemptTimeoutMs is { } each) pipeline.AddTimeout(TimeSpan.FromMilliseconds(each));
        return pipeline.Build();
    }

    /// <summary>For loops that must not end before they are told to: the remote's delays, and nothing else of it.</summary>
    /// <param name="what">Tells the loops of one remote apart in metrics.</param>
    public ResiliencePipeline Repeating(string name, string what, Func<Exception, CancellationToken, bool> isOutage, Action<Retry>? tell = null) =>
        Builder(name, what).AddRetry(RetryOf(options.Get(name), attempts: null, isOutage, retryAfter: null, tell)).Build();

    /// <summary>Keeps work going that has no end of its own, whatever ends it, until <paramref name="stopping"/>. What lasted longer than the longest wait has begun anew: the waits do, too.</summary>
    /// <param name="tell">Hears what ended it, and when it goes on.</param>
    public async Task KeepGoingAsync(string name, string what, Func<CancellationToken, Task> work, Action<Retry> tell, CancellationToken stopping)
    {
        var (pipeline, longest) = (Repeating(name, what, (_, ct) => !ct.IsCancellationRequested, tell), MaxDelayOf(options.Get(name)));
        ExceptionDispatchInfo? ended = null;
        try
        {
            do await pipeline.ExecuteAsync(RunAsync, stopping);
            while (ended is not null);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested) { }

        async ValueTask RunAsync(CancellationToken ct)
        {
            if (Interlocked.Exchange(ref ended, null) is { } before) before.Throw();
            var began = clock.GetTimestamp();
            try
            {
                await work(ct);
            }
            catch (Exception e) when (!ct.IsCancellationRequested && clock.GetElapsedTime(began) > longest)
            {
                // Out of the pipeline and in again, where it is the first failure.
                ended = ExceptionDispatchInfo.Capture(e);
            }
        }
    }

    private ResiliencePipelineBuilder Builder(string name, string? what) => new() { Name = name, InstanceName = what, TimeProvider = clock, TelemetryListener = metrics };

    private CircuitBreakerStrategyOptions BreakerOf(string name, string? what, Breaker breaker, Func<Exception, bool> isOutage)
    {
        var state = new CircuitBreakerStateProvider();
        metrics.Watch(name, what, state);
        return new CircuitBreakerStrategyOptions
        {
            Name = "breaker",
            ShouldHandle = call => ValueTask.FromResult(call.Outcome.Exception is { } e && (e is TimeoutRejectedException || isOutage(e))),
            FailureRatio = breaker.FailureRatio,
            MinimumThroughput = breaker.MinimumCalls,
            SamplingDuration = TimeSpan.FromMilliseconds(breaker.WindowMs),
            BreakDuration = TimeSpan.FromMilliseconds(breaker.BreakMs),
            StateProvider = state,
        };
    }

    private static RetryStrategyOptions RetryOf(
        Remote remote, int? attempts, Func<Exception, CancellationToken, bool> isOutage, Func<Exception, TimeSpan?>? retryAfter, Action<Retry>? tell) => new()
        {
            Name = "retry",
            ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome.Exception is { } e && isOutage(e, attempt.Context.CancellationToken)),
            MaxRetryAttempts = attempts - 1 ?? int.MaxValue,
            Delay = TimeSpan.FromMilliseconds(remote.BaseDelayMs),
            MaxDelay = MaxDelayOf(remote),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            DelayGenerator = attempt => ValueTask.FromResult(attempt.Outcome.Exception is { } e ? retryAfter?.Invoke(e) : null),
            OnRetry = attempt =>
            {
                tell?.Invoke(new Retry(attempt.Outcome.Exception, attempt.AttemptNumber + 1, attempt.RetryDelay));
                return default;
            },
        };

    private static TimeSpan MaxDelayOf(Remote remote) => TimeSpan.FromMilliseconds(remote.MaxDelayMs);
}

/// <param name="Attempt">The one that failed, from 1.</param>
/// <param name="Delay">What is waited before the next.</param>
public readonly record struct Retry(Exception? Exception, int Attempt, TimeSpan Delay);
