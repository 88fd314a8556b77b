using ConsentLedger.Consent.Consents.Aging;
using ConsentLedger.Consent.Consents.Expiring;
using ConsentLedger.Consent.Consents.Objecting;
using ConsentLedger.Consent.Consents.Telling;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Timers;

namespace ConsentLedger.Consent.Consents;

/// <summary>Everything that time does to a subject. Decisions look at the clock themselves and do not wait for it: what is recorded here is history, and news for others.</summary>
public static class ByTime
{
    public static readonly TimedStream<SubjectConsents> Subjects = new(SubjectConsents.Stream, DueIn)
    {
        Reads = PolicyBook.ReadBy,
        Completing = (decision, subject, context) => Complete(decision, context.State<SubjectConsents>(), context.State<PolicyBook>(PolicyBook.Of(subject.Tenant))),
    };

    /// <summary>Behind the fence of an erasure, time stands still.</summary>
    public static IEnumerable<Due> DueIn(SubjectConsents subject) =>
        subject.Erasure == Erasure.None ? ExpireConsents.DueIn(subject).Concat(ComeOfAge.DueIn(subject)).Concat(MissDeadline.DueIn(subject)) : [];

    /// <summary>What of it has come by now. Pure.</summary>
    public static Decision Decide(SubjectConsents subject, long version, PolicyBook policies, DateTimeOffset now) => Complete(Subjects.Decide(subject, version, now), subject, policies);

    private static Decision Complete(Decision decision, SubjectConsents subject, PolicyBook policies) => decision.WithoutIdleRenewals().TellingRecipients(subject, policies);
}
