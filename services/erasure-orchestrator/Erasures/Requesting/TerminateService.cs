using ConsentLedger.Contracts.Policies;
using ConsentLedger.ErasureOrchestrator.Deadlines;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Requesting;

/// <summary>What data was kept for has ended. When the policy's time for it is over, the person is erased without being asked (GDPR art. 5(1)(e)); a legal hold keeps that as it keeps any erasure, and so does, for what the policy does not promise to erase then, a consent that lasts.</summary>
/// <param name="Ended">The service, or the contract.</param>
public sealed record TerminateService(RetentionEnd Ended, DateTimeOffset OccurredAt)
{
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/subjects/{subject}/terminations", HandleAsync).RequireScope(Scopes.ErasureRequest).RefusesWith("occurred_in_future", "termination_not_applicable").Produces<CommandAnswer>();

    /// <param name="id">The request's, when the time comes.</param>
    public static Decision Decide(TerminateService asked, Guid id, SubjectRequests subject, TenantRegister register, DateTimeOffset now)
    {
        if (asked.OccurredAt > now + ClockSkew) return Decision.No("occurred_in_future", "occurredAt lies in the future.");
        if (EraseAt(asked, register) is not { } at) return Decision.No("termination_not_applicable", "The policy erases nobody for this end.");

        // Of several ends the earliest counts. An erasure that is open may yet be withdrawn or refused, so its end is waited for and not relied on.
        if (subject.Retention is { Erased: false } kept && kept.EraseAt <= at) return Decision.Unchanged;
        var ended = new RetentionSet(id, asked.Ended, at);
        return at <= now ? Decision.Of(ended, new RetentionOver(id)) : Decision.Of(ended);
    }

    /// <summary>The command for this person, however it came; who sends it adds by what it is known again.</summary>
    public Command CommandFor(StreamKey subject, Patience patience, TimeProvider clock)
    {
        var id = Guid.CreateVersion7(clock.GetUtcNow());
        return subject.Commanding(patience, (state, register, now) => Decide(this, id, state, register, now));
    }

    /// <summary>
    /// When the last of what is kept until then may go, in months as the tenant's calendar counts them. A service that promises to erase at its end does so at once, but for what the policy keeps longer.
    /// </summary>
    private static DateTimeOffset? EraseAt(TerminateService asked, TenantRegister register)
    {
        var policy = register.Policy;
        var kept = policy?.Purposes.Where(p => p.Retention.Until == asked.Ended && !p.Retention.SurvivesErasure).ToList() ?? [];
        if (kept.Count == 0 && !(asked.Ended == RetentionEnd.ServiceTerminated && policy?.Erasure.OnTermination == true)) return null;

        // A pack that was followed before there was a longest period may name a longer one.
        var months = Math.Min(kept.Max(p => p.Retention.FurtherMonths) ?? 0, Contracts.Policies.Retention.MaxFurtherMonths);
        return Deadline.When(TimeZoneInfo.ConvertTime(asked.OccurredAt, register.Zone).DateTime.AddMonths(months), register.Zone);
    }

    private static async Task<IResult> HandleAsync(
        SubjectId subject, Body<TerminateService> body, Caller caller, CommandOptions options, DeciderLoop ledger, Patience patience, TimeProvider clock, CancellationToken ct)
    {
        var command = body.Value.CommandFor(new StreamKey(caller.Tenant, subject.Stream), patience, clock) with
        {
            Id = caller.IdOf(options),
            Body = body.Digest,
            ExpectedVersion = options.ExpectedVersion,
        };
        return (await ledger.ExecuteAsync(command, ct)).ToResult();
    }
}
