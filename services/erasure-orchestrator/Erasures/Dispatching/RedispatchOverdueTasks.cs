namespace ConsentLedger.ErasureOrchestrator.Erasures.Dispatching;

/// <param name="After">How long a system may stay silent before it is told again; then twice as long each time.</param>
public sealed record Patience(TimeSpan After)
{
    /// <summary>From <c>Erasure:RedispatchAfter</c>, ten minutes where it is not set.</summary>
    public static Patience From(IConfiguration configuration)
    {
        var after = configuration.GetValue<TimeSpan?>("Erasure:RedispatchAfter") ?? TimeSpan.FromMinutes(10);
        return after >= TimeSpan.FromSeconds(1) ? new Patience(after) : throw new InvalidOperationException("Erasure__RedispatchAfter is a time of a second or more, such as 00:10:00.");
    }
}

/// <summary>
/// Looks, from the start of the process and then again and again, for tasks without an answer. What it knows lies in the database, so it may be
/// killed at any time, and run in every replica.
/// </summary>
public sealed partial class RedispatchOverdueTasks(
    ErasureLookup lookup, DeciderLoop ledger, Patience patience, ErasureMetrics metrics, TimeProvider clock, ILogger<RedispatchOverdueTasks> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(patience.After / 10, clock);
        do
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception e) when (e is StoreUnavailableException or AppendConflictException)
            {
                Waiting(e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    public async Task LookAsync(CancellationToken ct)
    {
        var overdue = await lookup.ReadOverdueAsync(clock.GetUtcNow(), patience.After, ct);
        await Task.WhenAll(overdue.Select(task => RedispatchAsync(task, ct)));
        metrics.Saw(await lookup.ReadWaitingAsync(clock.GetUtcNow(), ct));
    }

    private async Task RedispatchAsync(OverdueTask task, CancellationToken ct)
    {
        if (await ledger.ExecuteAsync(RedispatchTask.For(task), ct) is Outcome.Recorded) Redispatched(task.System, task.Attempt + 1);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{System} has not answered an erasure task. It is told again, attempt {Attempt}.")]
    private partial void Redispatched(string system, int attempt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Erasure tasks without an answer cannot be looked for now: {Reason}")]
    private partial void Waiting(string reason);
}
