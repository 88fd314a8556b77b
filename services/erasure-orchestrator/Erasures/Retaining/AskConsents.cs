using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.Resilience;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Retaining;

/// <summary>
/// What was kept for a contract may be kept longer while a consent lasts, where the policy keeps data for that as well. Only the consent service knows, so it is asked about those whose time is
/// over, and again each day until none lasts any more: then the erasure begins. Whom to ask about lies in a table, so that who is killed leaves it to the next.
/// </summary>
public sealed partial class AskConsents(
    RetentionLookup lookup, IEventEngine engine, StateReader reader, DeciderLoop ledger, OwnCalls own, Patience patience, Remotes remotes, IConfiguration configuration, TimeProvider clock,
    ILogger<AskConsents> log) : BackgroundService
{
    public const string Remote = "retentions";

    private static readonly TimeSpan Unanswered = TimeSpan.FromMinutes(1);

    private readonly TimeSpan _again = configuration.GetValue<TimeSpan?>("Erasure:AskConsentsAfter") is not { } set ? TimeSpan.FromDays(1)
        : set >= TimeSpan.FromSeconds(1) ? set : throw new InvalidOperationException("Erasure__AskConsentsAfter is a time of a second or more, such as 1.00:00:00.");

    public static Decision Decide(Guid request, SubjectRequests subject) =>
        subject.Retention is { IsAsked: true } kept && kept.Request == request ? Decision.Of(new RetentionConsentEnded(request)) : Decision.Unchanged;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        remotes.KeepGoingAsync(Remote, "look", ct => Turns.TakeAsync(engine, Remote, clock, LookAsync, ct), retry => Stopped(retry.Exception?.GetType().Name ?? "", retry.Delay.TotalMilliseconds), stoppingToken);

    /// <summary>Asks about those who are due by now.</summary>
    /// <returns>When there is somebody next; null where there is nobody.</returns>
    public async Task<DateTimeOffset?> LookAsync(CancellationToken ct)
    {
        while (await lookup.ReadDueAsync(clock.GetUtcNow(), ct) is { Count: > 0 } due)
            foreach (var subject in due) await lookup.PutOffAsync(subject, clock.GetUtcNow() + await AskAsync(subject, ct), ct);
        return await lookup.ReadNextAsync(ct);
    }

    /// <returns>When to ask again, if that is still to be asked.</returns>
    private async Task<TimeSpan> AskAsync(StreamKey subject, CancellationToken ct)
    {
        var (state, _) = await reader.ReadAsync(subject, SubjectRequests.Stream, ct);
        if (state.Retention is not { IsAsked: true } kept) return _again;
        var (register, _) = await reader.ReadAsync(TenantRegister.Of(subject.Tenant), TenantRegister.Stream, ct);
        var purposes = kept.LastsFor(register.Policy);
        switch (purposes.Count == 0 ? false : await own.ConsentLastsAsync(subject, purposes, ct))
        {
            case true:
                return _again;
            case false:
                await ledger.ExecuteAsync(subject.Commanding(patience, (current, _, _) => Decide(kept.Request, current)), ct);
                return _again;
            default:
                NotAnswered();
                return Unanswered < _again ? Unanswered : _again;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The consent service does not say whether a consent lasts. Until it does, somebody whose time is over is not erased.")]
    private partial void NotAnswered();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Ends of retentions are not looked after ({Error}). That goes on in {DelayMs} ms.")]
    private partial void Stopped(string error, double delayMs);
}
