using System.Text.Json;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.Consents.Disclosing;

/// <summary>Data was handed out on a ground that needs no consent, such as legal process. What exactly, and who asked, is evidence: an auditor opens it.</summary>
/// <param name="Data">Data categories of the policy.</param>
public sealed record DiscloseData(
    DisclosureGround Ground, string Recipient, IReadOnlyList<string> Data, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source = null, JsonElement? Evidence = null) : ISubjectAct
{
    // It has happened; not to hear of it would be worse.
    bool ISubjectAct.Restricts => true;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapAct<DiscloseData>("disclosures", "policy_missing", "ground_undeclared", "recipient_undeclared", "data_undeclared");

    public Decision Decide(SubjectConsents subject, PolicyBook policies, DateTimeOffset now)
    {
        if (policies.Current is not { } pack) return Decision.No("policy_missing", "The controller has not published a policy yet.");
        var grounds = pack.Disclosures.Where(d => d.Ground == Ground).ToList();
        if (grounds.Count == 0) return Decision.No("ground_undeclared", $"Policy {pack.Version} names no disclosure on this ground.");
        if (grounds.FirstOrDefault(d => pack.FindPurpose(d.Purpose)?.Reaches(Recipient) ?? false) is not { Purpose: var purpose }) return Decision.No("recipient_undeclared", $"Policy {pack.Version} does not name this recipient for the ground.");
        if (Data.Count == 0 || Data.Any(d => pack.DataCategories.All(c => c.Id != d))) return Decision.No("data_undeclared", $"Policy {pack.Version} declares no such data category.");
        return this.Recording(new DataDisclosed(Ground, purpose, Recipient, [.. Data.Distinct().Order(StringComparer.Ordinal)], pack.Version, OccurredAt, Actor, Method, Source));
    }
}
