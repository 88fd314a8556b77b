using System.Text.Json;
using ConsentLedger.Consent.Policies;

namespace ConsentLedger.Consent.Consents.Refusing;

/// <summary>A person was asked and said no. It counts as much as a withdrawal, also where a yes stands.</summary>
public sealed record RefuseConsent(
    string Purpose, DateTimeOffset OccurredAt, Actor Actor, Token Method,
    string? Channel = null, string? Recipient = null, Token? Source = null, Token? Jurisdiction = null, TextShown? Text = null, JsonElement? Evidence = null,
    IReadOnlyList<string>? Scopes = null) : ISubjectAct
{
    bool ISubjectAct.Restricts => true;

    public static void Map(IEndpointRouteBuilder api) => api.MapAct<RefuseConsent>("refusals", [.. Granting.MayConsent.Codes]);

    public Decision Decide(SubjectConsents subject, PolicyBook policies, DateTimeOffset now)
    {
        var named = new Named(Purpose, Channel, Recipient, Jurisdiction, Scopes);

        // No age is too young for a no, and no place too unknown.
        var (text, refusal) = Granting.MayConsent.Check(policies, named with { Jurisdiction = null }, Text, subject with { Age = null }, Actor, OccurredAt);

        // Whatever it was that was shown, the answer was no.
        if (refusal is { Code: "text_undeclared" or "text_differs" }) (text, refusal) = (null, null);
        if (refusal is not null) return new Decision.Refuse(refusal);
        var lanes = named.LanesUnder(policies.Current).Where(lane => subject.Hears(lane, this.HeardAt(now))).ToList();
        return lanes.Count == 0
            ? Decision.Unchanged
            : this.Recording(lanes.Select(lane => new ConsentRefused(lane, policies.Current!.Version, OccurredAt, Actor, Method, Source, Jurisdiction, text)));
    }
}
