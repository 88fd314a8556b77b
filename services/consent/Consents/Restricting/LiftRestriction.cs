using System.Text.Json;
using ConsentLedger.Consent.Policies;

namespace ConsentLedger.Consent.Consents.Restricting;

/// <summary>Ends a restriction, which takes having told the person (GDPR art. 18(3)).</summary>
/// <param name="Restriction">Its stream version.</param>
/// <param name="SubjectTold">When the person was told.</param>
public sealed record LiftRestriction(
    long Restriction, DateTimeOffset SubjectTold, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source = null, JsonElement? Evidence = null) : ISubjectAct
{
    bool ISubjectAct.Restricts => false;

    public static void Map(IEndpointRouteBuilder api) => api.MapAct<LiftRestriction>("restriction-liftings", "restriction_unknown", "subject_not_told");

    public Decision Decide(SubjectConsents subject, PolicyBook policies, DateTimeOffset now)
    {
        if (subject.Restrictions.All(r => r.Place.Version != Restriction)) return Decision.No("restriction_unknown", "No restriction in force was recorded as this version.");
        if (SubjectTold > OccurredAt) return Decision.No("subject_not_told", "The person is told before the restriction is lifted, not after.");
        return this.Recording(new RestrictionLifted(Restriction, SubjectTold, OccurredAt, Actor, Method, Source));
    }
}
