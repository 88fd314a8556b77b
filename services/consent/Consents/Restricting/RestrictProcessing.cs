using System.Text.Json;
using ConsentLedger.Consent.Policies;

namespace ConsentLedger.Consent.Consents.Restricting;

/// <summary>From here on data is only stored (GDPR art. 18): for some purposes, or for all.</summary>
public sealed record RestrictProcessing(
    RestrictionGround Ground, DateTimeOffset OccurredAt, Actor Actor, Token Method, IReadOnlyList<string>? Purposes = null, Token? Source = null, JsonElement? Evidence = null) : ISubjectAct
{
    bool ISubjectAct.Restricts => true;

    public static void Map(IEndpointRouteBuilder api) => api.MapAct<RestrictProcessing>("restrictions", "policy_missing", "purpose_undeclared");

    public Decision Decide(SubjectConsents subject, PolicyBook policies, DateTimeOffset now)
    {
        if (policies.Current is not { } pack) return Decision.No("policy_missing", "The controller has not published a policy yet.");
        var purposes = (Purposes ?? []).Distinct().Order(StringComparer.Ordinal).ToList();
        if (purposes.Any(p => pack.FindPurpose(p) is null)) return Decision.No("purpose_undeclared", $"Policy {pack.Version} declares no such purpose.");
        if (subject.Restrictions.Any(r => r.Ground == Ground && r.Purposes.SequenceEqual(purposes) && r.OccurredAt >= this.HeardAt(now) && !subject.SaidYesSince(r.Place))) return Decision.Unchanged;
        return this.Recording(new ProcessingRestricted(Ground, purposes, OccurredAt, Actor, Method, Source));
    }
}
