using ConsentLedger.Timers;

namespace ConsentLedger.Consent.Consents.Objecting;

/// <summary>An objection that nobody decided on in time (GDPR art. 12(3)).</summary>
public static class MissDeadline
{
    public static IEnumerable<Due> DueIn(SubjectConsents subject)
    {
        foreach (var objection in subject.Objections)
            if (objection is { Upheld: null, Due: { } due }) yield return new Due(due, new ObjectionOverdue(objection.Place.Version, due));
    }
}
