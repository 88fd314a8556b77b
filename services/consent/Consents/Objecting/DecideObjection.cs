using System.Text.Json;
using ConsentLedger.Consent.Policies;

namespace ConsentLedger.Consent.Consents.Objecting;

/// <summary>The outcome of an objection, with its ground. The person may also take one back, which is an outcome too.</summary>
/// <param name="Objection">Its stream version.</param>
/// <param name="Ground">In a word, such as <c>compelling-grounds</c> or <c>legal-claims</c> (GDPR art. 21(1)); <c>retracted</c> by the person.</param>
public sealed record DecideObjection(
    long Objection, bool Upheld, Token Ground, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source = null, JsonElement? Evidence = null) : ISubjectAct
{
    public const string Retracted = "retracted";

    bool ISubjectAct.Restricts => Upheld;

    public static void Map(IEndpointRouteBuilder api) => api.MapAct<DecideObjection>("objection-outcomes", "objection_unknown", "objection_decided", "objection_holds");

    public Decision Decide(SubjectConsents subject, PolicyBook policies, DateTimeOffset now)
    {
        if (subject.Objections.FirstOrDefault(o => o.Place.Version == Objection) is not { } objection) return Decision.No("objection_unknown", "No objection was recorded as this version.");
        var retracts = Ground.Value == Retracted && Actor is Actor.Subject or Actor.Guardian;
        if (objection.Upheld == false) return Upheld ? Decision.No("objection_decided", "It was decided otherwise; a new objection says what is new.") : Decision.Unchanged;
        if (objection.To != ObjectionTo.Purpose && !(retracts && !Upheld)) return Decision.No("objection_holds", "An objection to marketing or profiling holds without a decision; only the person takes it back.");
        if (objection.Upheld == true && objection.To == ObjectionTo.Purpose && !retracts) return Upheld ? Decision.Unchanged : Decision.No("objection_decided", "It was upheld; only the person takes it back.");
        return this.Recording(new ObjectionDecided(Objection, Upheld, Ground, OccurredAt, Actor, Method, Source));
    }
}
