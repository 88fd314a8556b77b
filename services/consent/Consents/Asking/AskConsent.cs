using System.Text.Json;
using ConsentLedger.Consent.Policies;

namespace ConsentLedger.Consent.Consents.Asking;

/// <summary>The notice was put before the person, and consent asked for. Whoever was never asked is someone else than whoever did not answer.</summary>
public sealed record AskConsent(
    string Purpose, TextShown Text, DateTimeOffset OccurredAt, Actor Actor, Token Method,
    string? Channel = null, string? Recipient = null, Token? Source = null, Token? Jurisdiction = null, JsonElement? Evidence = null, IReadOnlyList<string>? Scopes = null) : ISubjectAct
{
    bool ISubjectAct.Restricts => false;

    public static void Map(IEndpointRouteBuilder api) => api.MapAct<AskConsent>("notices", [.. Granting.MayConsent.Codes]);

    public Decision Decide(SubjectConsents subject, PolicyBook policies, DateTimeOffset now)
    {
        var named = new Named(Purpose, Channel, Recipient, Jurisdiction, Scopes);

        // Anybody may be asked, also who is too young to answer: the guardian reads it too.
        var (text, refusal) = Granting.MayConsent.Check(policies, named, Text, subject with { Age = null }, Actor, OccurredAt);
        if (refusal is not null) return new Decision.Refuse(refusal);
        return this.Recording(named.LanesUnder(policies.Current).Select(lane =>
            new ConsentAsked(lane, policies.At(OccurredAt)!.Version, OccurredAt, Actor, Method, Source, Jurisdiction, text)));
    }
}
