using System.Text.Json;
using ConsentLedger.Consent.Policies;

namespace ConsentLedger.Consent.Consents.Confirming;

/// <summary>The second step of a double opt-in: whoever reads the mail says yes too.</summary>
public sealed record ConfirmConsent(
    string Purpose, DateTimeOffset OccurredAt, Actor Actor, Token Method,
    string? Channel = null, string? Recipient = null, Token? Source = null, Token? Jurisdiction = null, JsonElement? Evidence = null, IReadOnlyList<string>? Scopes = null) : ISubjectAct
{
    bool ISubjectAct.Restricts => false;

    public static void Map(IEndpointRouteBuilder api) => api.MapAct<ConfirmConsent>("confirmations", [.. Granting.MayConsent.Codes, "nothing_to_confirm", "confirmation_late", "withdrawal_prevails"]);

    public Decision Decide(SubjectConsents subject, PolicyBook policies, DateTimeOffset now)
    {
        var named = new Named(Purpose, Channel, Recipient, Jurisdiction, Scopes);
        var (_, refusal) = Granting.MayConsent.Check(policies, named, null, subject, Actor, OccurredAt);
        if (refusal is not null) return new Decision.Refuse(refusal);

        var lanes = named.LanesUnder(policies.Current);
        if (Jurisdiction is null && LawIn(subject, lanes) is { } law) lanes = [.. lanes.Select(lane => lane with { Law = law })];
        if (lanes.All(lane => subject.Lanes.GetValueOrDefault(lane) is { Given: true, FirstStep: null })) return Decision.Unchanged;

        // One that was done before a first step is the second of another, which comes again.
        var pending = lanes.Select(lane => (Lane: lane, subject.Lanes.GetValueOrDefault(lane)?.FirstStep)).Where(l => l.FirstStep?.OccurredAt <= OccurredAt + SubjectActs.ClockSkew).ToDictionary(l => l.Lane, l => l.FirstStep!);
        if (pending.Count == 0) return Decision.No("nothing_to_confirm", "Nothing waits to be confirmed: it was never asked for, withdrawn meanwhile, or its time is over.");
        if (pending.Values.Any(p => p.Until <= OccurredAt || p.Ends <= OccurredAt)) return Decision.No("confirmation_late", "The time to confirm is over. Ask again.");
        if (pending.Keys.Any(lane => !subject.Prevails(lane, Actor, OccurredAt))) return Decision.No("withdrawal_prevails", "Consent was withdrawn; only the subject's own later act gives it again.");

        var purpose = policies.Current!.FindPurpose(Purpose)!;
        return this.Recording(pending.Select(p => new ConsentConfirmed(
            p.Key, p.Value.PolicyVersion, OccurredAt, Actor, Method, Source, p.Value.Text, p.Value.Place.Version, Granting.MayConsent.EndOf(purpose, OccurredAt, p.Value.Ends))));
    }

    // The link of a mail names no place, and the first step may have: the last one that waits is meant. Word of the same click that comes again is of the one it confirmed, not of another that waits.
    private string? LawIn(SubjectConsents subject, IReadOnlyList<Lane> named) => subject.Lanes.Where(l => named.Contains(l.Key with { Law = null }))
        .OrderBy(l => l.Value.Given && l.Value.OccurredAt == OccurredAt).ThenBy(l => l.Value.FirstStep?.Until > OccurredAt).ThenBy(l => (l.Value.FirstStep ?? l.Value).Place.Position).LastOrDefault().Key.Law;
}
