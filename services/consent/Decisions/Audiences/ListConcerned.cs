using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Decisions.Audiences;

/// <summary>Whom the controller owes a word: those whose consent has to be renewed, and those whose data a breach touched (GDPR art. 34). One line a subject, as an audience.</summary>
public static class ListConcerned
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/v1/audiences/renewal", RenewalAsync).RequireScope(Scopes.AudienceRead).WithMetadata(ListAudience.NotReady, ListAudience.Busy);
        api.MapGet("/v1/audiences/breach", BreachAsync).RequireScope(Scopes.AudienceRead).WithMetadata(ListAudience.NotReady, ListAudience.Busy).RefusesWith("purpose_undeclared", "processor_undeclared");
    }

    /// <summary>Whether a consent of the person ended because a policy changed its purpose, or is about to end. Whoever said no since, under whichever id, is not asked again.</summary>
    public static bool NeedsRenewal(IReadOnlyList<SubjectConsents> person, string purpose, SubjectsAsOf read) => person.All(p => p.Erasure == Erasure.None)
        && person[0].Lanes.Any(l => l.Key.Purpose == purpose && l.Value.Given && (l.Value.RenewalDue || read.Policies.IsChangedSince(purpose, l.Value.PolicyVersion))
            && LaneState.Resolve([.. person.SelectMany(p => p.Answers(l.Key))], DateTimeOffset.MinValue)!.Place == l.Value.Place);

    /// <summary>Whether data of the person lies where these purposes keep it: where one rests on consent, of whoever gave it once; else, and where silence ever passed for it, of everybody.</summary>
    public static bool IsHeld(IReadOnlyList<SubjectConsents> person, IReadOnlyList<Purpose> purposes, PolicyBook policies) => person[0].Erasure == Erasure.None
        && purposes.Any(p => !p.RestsOn(LawfulBasis.Consent) || policies.LetSilencePass(p.Id) || person[0].Lanes.Any(l => l.Key.Purpose == p.Id && l.Value.WasGiven));

    private static Task<IResult> RenewalAsync(string purpose, HttpResponse response, Caller caller, AudienceReader reader, CancellationToken ct) =>
        ListAudience.WriteAsync(response, caller.Tenant, (_, person, read) => NeedsRenewal(person, purpose, read), reader, ct);

    /// <param name="processor">Where the breach was, by the policy's name for it; or <paramref name="purpose"/>, what the data was for.</param>
    private static async Task<IResult> BreachAsync(
        string? processor, string? purpose, HttpResponse response, Caller caller, AudienceReader reader, CurrentSubjects current, CancellationToken ct)
    {
        if (processor is null == purpose is null) return KnownProblems.RequestInvalid;
        if ((await current.ReadAsync(caller.Tenant, [], Freshness.Strict, ct)).Policies.Current is not { } pack) return KnownProblems.NotFound;
        if (processor is not null && pack.Processors.All(p => p.Id != processor)) return KnownProblems.Refused("processor_undeclared", "The policy names no such processor.");
        if (purpose is not null && pack.FindPurpose(purpose) is null) return KnownProblems.Refused("purpose_undeclared", "The policy declares no such purpose.");
        var held = pack.Purposes.Where(p => p.Id == purpose || pack.Processors.Any(x => x.Id == processor && x.Purposes.Contains(p.Id))).ToList();
        return await ListAudience.WriteAsync(response, caller.Tenant, (_, person, read) => IsHeld(person, held, read.Policies), reader, ct);
    }
}
