using ConsentLedger.Consent.Consents;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Decisions;

/// <summary>"May this be done to this person's data?" (GDPR art. 6)</summary>
public sealed record DecisionRequest(SubjectId Subject, string Purpose, string? Channel = null, string? Recipient = null);

/// <param name="Code">Why, for programs; stable.</param>
/// <param name="Basis">The lawful basis a yes rests on.</param>
/// <param name="Position">The event a consent answer rests on, by its place in the ledger.</param>
public sealed record DecisionAnswer(bool Allowed, string Code, LawfulBasis? Basis, long? Position, string? PolicyVersion);

/// <summary>The one decision, for the API, the page and the gate. Whatever is not known answers no.</summary>
public static class ConsentDecision
{
    public static DecisionAnswer Decide(DecisionRequest request, SubjectConsents subject, PolicyPack? pack)
    {
        var recipient = request.Recipient ?? PolicyPack.ControllerRecipient;
        if (subject.Erasure != Erasure.None) return No("subject_erased");
        if (Declared.Check(pack, request.Purpose, request.Channel, recipient) is { } undeclared) return No(undeclared.Code);

        var purpose = pack!.FindPurpose(request.Purpose)!;
        if (subject.Lanes.TryGetValue(new Lane(request.Purpose, request.Channel, recipient), out var lane))
        {
            if (!lane.Given) return No("consent_withdrawn") with { Position = lane.Place.Position };
            if (purpose.RestsOn(LawfulBasis.Consent)) return new(true, "consent_given", LawfulBasis.Consent, lane.Place.Position, pack.Version);
        }

        // Sharing with someone else, or a purpose that names consent, never falls back on another basis.
        if (purpose.RestsOn(LawfulBasis.Consent)) return No("consent_unknown");
        if (purpose.Bases is not [{ Basis: var basis }, ..]) return No("basis_missing");
        return new(true, "rests_on_other_basis", basis, null, pack.Version);

        DecisionAnswer No(string code) => new(false, code, null, null, pack?.Version);
    }
}
