using System.Text.Json;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.Consents.Disclosing;

/// <summary>Data is used for something that the policy does not declare, on one of the grounds that it allows for that (GDPR art. 6(4)). Recorded, it is allowed.</summary>
/// <param name="Purpose">What for, in a word.</param>
public sealed record ExceptUse(
    Token Purpose, LimitationException Ground, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source = null, JsonElement? Evidence = null) : ISubjectAct
{
    bool ISubjectAct.Restricts => false;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapAct<ExceptUse>("exceptional-uses", "policy_missing", "purpose_declared", "ground_undeclared", "processing_restricted");

    public Decision Decide(SubjectConsents subject, PolicyBook policies, DateTimeOffset now)
    {
        if (policies.Current is not { } pack) return Decision.No("policy_missing", "The controller has not published a policy yet.");
        if (pack.FindPurpose(Purpose) is not null) return Decision.No("purpose_declared", "The policy declares this purpose: a decision says whether it is allowed.");
        if (!pack.PurposeLimitation.Contains(Ground)) return Decision.No("ground_undeclared", $"Policy {pack.Version} does not allow undeclared uses on this ground.");

        // GDPR art. 18(2): while restricted, legal claims remain.
        if (subject.Restrictions.Any(r => r.Covers(Purpose)) && Ground != LimitationException.LegalClaim) return Decision.No("processing_restricted", "Processing is restricted: only legal claims go on.");
        return this.Recording(new UseExcepted(Purpose, Ground, pack.Version, OccurredAt, Actor, Method, Source));
    }
}
