using System.Text.Json;
using ConsentLedger.Consent.Policies;

namespace ConsentLedger.Consent.Consents.Terms;

/// <summary>Agreed to a version of the policy, or declined it; both are respected and kept.</summary>
/// <param name="Version">The policy version that was put before the person.</param>
public sealed record AnswerTerms(
    string Version, bool Accepted, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source = null, JsonElement? Evidence = null) : ISubjectAct
{
    bool ISubjectAct.Restricts => !Accepted;

    public static void Map(IEndpointRouteBuilder api) => api.MapAct<AnswerTerms>("terms", "policy_version_unknown", "acceptance_not_asked");

    public Decision Decide(SubjectConsents subject, PolicyBook policies, DateTimeOffset now)
    {
        if (policies.Find(Version) is not { Pack: var pack }) return Decision.No("policy_version_unknown", "The controller has published no such version.");
        if (pack.Acceptance is null) return Decision.No("acceptance_not_asked", "This policy is informed of, not agreed to.");
        if (subject.Terms.TryGetValue(Version, out var before) && !before.GivesWayTo(Accepted, Actor, this.HeardAt(now))) return Decision.Unchanged;
        return this.Recording(new TermsAnswered(Version, Accepted, OccurredAt, Actor, Method, Source));
    }
}
