using ConsentLedger.ErasureOrchestrator.Deadlines;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ErasureOrchestrator.OpenDsr;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.Timers;

namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <summary>Everything that time does to a person's requests, and to a controller's before it is known whose they are.</summary>
public static class ByTime
{
    public static readonly TimedStream<DsrCase> Cases = new(DsrCase.Stream, MeetDeadline.DueIn) { Completing = (decision, _, _) => WithoutIdle(decision) };

    /// <param name="patience">How long our own systems may stay silent.</param>
    public static TimedStream<SubjectRequests> Requests(Patience patience) => new(SubjectRequests.Stream, DueIn, rule: 4)
    {
        Reads = TenantRegister.ReadBy,
        Completing = (decision, subject, context) =>
            WithoutIdle(decision).Advancing(
                [new Person(Stream: null, context.State<SubjectRequests>(), context.Version)], context.State<TenantRegister>(TenantRegister.Of(subject.Tenant)), patience, context.Now),
    };

    /// <summary>Whoever was down for days, or is found late, owes several reminders at once. The last says how things stand, and nobody is told the others any more.</summary>
    private static Decision WithoutIdle(Decision decision)
    {
        if (decision is not Decision.Record record) return decision;
        var after = new HashSet<Guid>();
        var told = new List<NewEvent>();
        foreach (var e in record.Events.Reverse())
        {
            if (ReminderOf(e.Facts) is not { } reminded || !after.Contains(reminded)) told.Insert(0, e);
            if ((ReminderOf(e.Facts) ?? EndOf(e.Facts)) is { } said) after.Add(said);
        }

        return record with { Events = told };
    }

    private static Guid? ReminderOf(object facts) => facts switch { ErasureEscalated said => said.Request, DsrEscalated said => said.Id, _ => null };

    private static Guid? EndOf(object facts) => facts switch { ErasureOverdue over => over.Request, ErasureCompleted over => over.Request, DsrOverdue over => over.Id, _ => null };

    public static IEnumerable<Due> DueIn(SubjectRequests subject)
    {
        if (subject.Retention is { Over: false } kept) yield return new Due(kept.EraseAt, new RetentionOver(kept.Request));
        foreach (var request in subject.All)
        {
            if (!request.IsOpen) continue;
            if (request is { CoolsOffAt: { } at, CooledOff: false }) yield return new Due(at, new ErasureCooledOff(request.Id));
            foreach (var due in MeetDeadline.DueIn(request).Concat(TellAgain.DueIn(request)).Concat(AskWhoItIs.DueIn(request))) yield return due;
        }
    }
}
