using ConsentLedger.Timers;

namespace ConsentLedger.Consent.Consents.Aging;

/// <summary>Once the person is of age, what a guardian consented to waits to be affirmed.</summary>
public static class ComeOfAge
{
    public static IEnumerable<Due> DueIn(SubjectConsents subject) =>
        subject.Age is { Told: false } age ? [new Due(age.OfAgeFrom, new SubjectCameOfAge(age.OfAgeFrom))] : [];
}
