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
    public static readonly TimedStream<DsrCase> Cases = new(DsrCase.Stream, MeetDeadline.DueIn);

    /// <param name="patience">How long our own systems may stay silent.</param>
    public static TimedStream<SubjectRequests> Requests(Patience patience) => new(SubjectRequests.Stream, DueIn, rule: 4)
    {
        Reads = TenantRegister.ReadBy,
        Completing = (decision, subject, context) =>
            decision.Advancing(
                [new Person(Stream: null, context.State<SubjectRequests>(), context.Version)], context.State<TenantRegister>(TenantRegister.Of(subject.Tenant)), patience, context.Now),
    };

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
