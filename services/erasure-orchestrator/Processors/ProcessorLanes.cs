using System.Collections.Concurrent;
using System.Threading.RateLimiting;
using ConsentLedger.ErasureOrchestrator.Outbound;
using ConsentLedger.Resilience;
using Polly;

namespace ConsentLedger.ErasureOrchestrator.Processors;

/// <summary>
/// Each processor of each tenant has a lane to itself: a pipeline with a breaker of its own, and so many calls at once and no more. One that hangs fills its lane, and
/// whoever comes then is sent away at once instead of waiting with it; the others never notice.
/// </summary>
public sealed class ProcessorLanes : IDisposable
{
    public const string Remote = "processor";

    private readonly ConcurrentDictionary<(TenantId, string, string), Lane> _lanes = [];
    private readonly Remotes _remotes;
    private readonly TimeProvider _clock;
    private readonly int _atOnce, _waiting;

    /// <param name="configuration"><c>Processors:AtOnce</c> calls of a lane run and <c>Processors:Waiting</c> more wait for their turn.</param>
    public ProcessorLanes(IConfiguration configuration, Remotes remotes, TimeProvider clock)
    {
        (_remotes, _clock) = (remotes, clock);
        (_atOnce, _waiting) = (configuration.GetValue("Processors:AtOnce", 8), configuration.GetValue("Processors:Waiting", 16));
        if (_atOnce < 1 || _waiting < 0) throw new InvalidOperationException("Processors__AtOnce is 1 or more, Processors__Waiting 0 or more.");
    }

    /// <summary>
    /// A task is repeated for a month by the request it belongs to, with waits of minutes and hours. So a call tries only what a hiccup needs, and gives the thread back.
    /// </summary>
    public static IServiceCollection Add(IServiceCollection services) => services
        .AddRemote(Remote, remote =>
        {
            (remote.TimeoutMs, remote.AttemptTimeoutMs, remote.Attempts, remote.BaseDelayMs, remote.MaxDelayMs) = (30_000, 10_000, 3, 200, 5000);
            remote.Breaker = new Breaker { MinimumCalls = 5, WindowMs = 60_000, BreakMs = 30_000 };
        })
        .AddSingleton<ProcessorLanes>();

    /// <param name="remote">By whose options it is called.</param>
    /// <exception cref="LaneFullException">As many calls as the lane takes are under way and waiting.</exception>
    public async Task<T> CallAsync<T>(TenantId tenant, string processor, Func<CancellationToken, Task<T>> call, CancellationToken ct, string remote = Remote)
    {
        var lane = _lanes.GetOrAdd((tenant, processor, remote), Open);
        using var place = await lane.Limiter.AcquireAsync(1, ct);
        if (!place.IsAcquired) throw new LaneFullException();
        return await lane.Pipeline.ExecuteAsync(async limited => await call(limited), ct);
    }

    /// <summary>Turns everything but success into an exception that the lane's pipeline understands, <c>Retry-After</c> included.</summary>
    public void EnsureAnswered(OutboundAnswer answer)
    {
        using var message = new HttpResponseMessage(answer.Status);
        if (answer.Headers.RetryAfter is { } wait) message.Headers.RetryAfter = wait;
        message.EnsureAnswered(_clock);
    }

    public void Dispose()
    {
        foreach (var lane in _lanes.Values) lane.Limiter.Dispose();
    }

    // A refused address and an answer without an end are no hiccups.
    private static bool IsOutage(Exception e) => HttpAnswers.IsOutage(e) && e is not (AddressRefusedException or AnswerTooLongException) && e.InnerException is not AddressRefusedException;

    private Lane Open((TenantId Tenant, string Processor, string Remote) whose) => new(
        new ConcurrencyLimiter(new ConcurrencyLimiterOptions { PermitLimit = _atOnce, QueueLimit = _waiting, QueueProcessingOrder = QueueProcessingOrder.OldestFirst }),
        _remotes.Calling(whose.Remote, IsOutage, HttpAnswers.RetryAfter, what: $"{whose.Tenant}/{whose.Processor}"));

    private sealed record Lane(ConcurrencyLimiter Limiter, ResiliencePipeline Pipeline);
}

/// <summary>The processor is as busy with us as it may be.</summary>
public sealed class LaneFullException() : Exception("As many calls to this processor as may be are under way.");
