using System.Text.Json;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.Consents.Objecting;

/// <summary>The person objects (GDPR art. 21): to marketing and to profiling without a reason and at once, to any other purpose with a reason, which is evidence.</summary>
public sealed record ObjectToProcessing(
    ObjectionTo To, DateTimeOffset OccurredAt, Actor Actor, Token Method, string? Purpose = null, Token? Source = null, Token? Jurisdiction = null, JsonElement? Evidence = null) : ISubjectAct
{
    bool ISubjectAct.Restricts => true;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapAct<ObjectToProcessing>("objections", "policy_missing", "purpose_required", "purpose_undeclared", "objection_needs_no_purpose", "objection_not_applicable", "reason_required");

    public Decision Decide(SubjectConsents subject, PolicyBook policies, DateTimeOffset now)
    {
        if (policies.Current is not { } pack) return Decision.No("policy_missing", "The controller has not published a policy yet.");
        if (To != ObjectionTo.Purpose && Purpose is not null) return Decision.No("objection_needs_no_purpose", "An objection to marketing or profiling is to all of it.");
        if (To == ObjectionTo.Purpose && CheckPurpose(pack) is { } refusal) return new Decision.Refuse(refusal);
        if (subject.Objections.Any(o => o.To == To && o.Purpose == Purpose && o.Stands && o.OccurredAt >= this.HeardAt(now) && !subject.SaidYesSince(o.Place))) return Decision.Unchanged;

        var due = To == ObjectionTo.Purpose ? now.AddMonths(pack.Rights.DeadlineMonths) : (DateTimeOffset?)null;
        return this.Recording(new ObjectionRaised(To, Purpose, pack.Version, due, OccurredAt, Actor, Method, Source, Jurisdiction));
    }

    private Refusal? CheckPurpose(PolicyPack pack)
    {
        if (Purpose is null) return new("purpose_required", "Name the purpose that is objected to.");
        if (pack.FindPurpose(Purpose) is not { } purpose) return new("purpose_undeclared", $"Policy {pack.Version} declares no such purpose.");
        if (!purpose.RestsOn(LawfulBasis.LegitimateInterests) && !purpose.RestsOn(LawfulBasis.PublicTask))
            return new("objection_not_applicable", "Only what rests on legitimate interests or a public task is objected to (GDPR art. 21(1)). Consent is withdrawn.");
        return Evidence.Bytes().IsEmpty ? new("reason_required", "An objection on grounds of one's own situation says which; the reason goes into the evidence.") : null;
    }
}
