using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts;

namespace ConsentLedger.Consent.Publishing;

/// <summary>From what this service records to what it tells the others, under the same name. The only file that sees both.</summary>
public static class ConsentPublisher
{
    public static CloudEvent? Translate(StoredEvent e)
    {
        var facts = ConsentCatalog.Events.Decode(e);
        return new CloudEvent
        {
            Id = e.Id.ToString(),
            Source = "https://consentledger/consent",
            Type = e.Type,
            Time = e.Place.RecordedAt,
            Subject = facts is PolicyPublished ? null : e.Stream.Id.ToString(),
            Tenant = e.Stream.Tenant.ToString(),
            Position = e.Place.Position,
            StreamVersion = e.Place.Version,
            TraceParent = e.TraceParent,
            Data = CloudEvent.DataFrom(
                OfConsent(facts) ?? OfPerson(facts) ?? OfRight(facts) ?? OfRecord(facts) ?? throw new InvalidOperationException($"{facts.GetType().Name} has no contract.")),
        };
    }

    private static object? OfConsent(object facts) => facts switch
    {
        ConsentAsked(var lane, var policy, var at, var actor, var method, var source, var place, var text) => new ConsentAskedV1(
            lane.Purpose, lane.Recipient, policy, at, NameOf(actor), method, lane.Channel, source, place, lane.Law, lane.Scope, Shown(text)),
        ConsentPending(var lane, var policy, var at, var actor, var method, var source, var place, var text, var until) => new ConsentPendingV1(
            lane.Purpose, lane.Recipient, policy, at, NameOf(actor), method, until, lane.Channel, source, place, lane.Law, lane.Scope, Shown(text)),
        ConsentConfirmed(var lane, var policy, var at, var actor, var method, var source, var text, var confirms, var until) => new ConsentConfirmedV1(
            lane.Purpose, lane.Recipient, policy, "consent", at, NameOf(actor), method, confirms, lane.Channel, source, lane.Law, lane.Scope, Shown(text), until),
        ConsentGranted(var lane, var policy, var at, var actor, var method, var source, var place, var text, var inForce, var until, var renews, var implied) => new ConsentGrantedV1(
            lane.Purpose, lane.Recipient, policy, "consent", at, NameOf(actor), method, inForce, lane.Channel, source, place, Shown(text), lane.Law, lane.Scope, until, renews, implied),
        ConsentRefused(var lane, var policy, var at, var actor, var method, var source, var place, var text, var tell) => new ConsentRefusedV1(
            lane.Purpose, lane.Recipient, policy, at, NameOf(actor), method, lane.Channel, source, place, lane.Law, lane.Scope, Shown(text), tell),
        ConsentWithdrawn(var lane, var policy, var at, var actor, var method, var source, var cause, var causedBy, var tell) => new ConsentWithdrawnV1(
            lane.Purpose, lane.Recipient, policy, at, NameOf(actor), method, lane.Channel, source, cause, causedBy, lane.Law, lane.Scope, tell),
        ConsentExpired(var lane, var rested, var tell) => new ConsentExpiredV1(lane.Purpose, lane.Recipient, rested, lane.Channel, lane.Law, lane.Scope, tell),
        ConsentRenewalDue(var lane, var rested, var until) => new ConsentRenewalDueV1(lane.Purpose, lane.Recipient, rested, until, lane.Channel, lane.Law, lane.Scope),
        _ => null,
    };

    private static object? OfPerson(object facts) => facts switch
    {
        SubjectMerged(var other, var at, var actor, var method, var source) => new SubjectMergedV1(other, at, NameOf(actor), method, source),
        SubjectUnmerged(var other, var at, var actor, var method, var source) => new SubjectUnmergedV1(other, at, NameOf(actor), method, source),

        // What follows from the month is enough for the others.
        BirthMonthStated(_, var from, var ofAge, var at, var actor, var method, var source, var place) => new BirthMonthStatedV1(from, ofAge, at, NameOf(actor), method, source, place),
        SubjectCameOfAge(var ofAge) => new SubjectCameOfAgeV1(ofAge),
        _ => null,
    };

    private static object? OfRight(object facts) => facts switch
    {
        TermsAnswered(var policy, var accepted, var at, var actor, var method, var source, var text) => new TermsAnsweredV1(policy, accepted, at, NameOf(actor), method, source, Shown(text)),
        ObjectionRaised(var to, var purpose, var policy, var due, var at, var actor, var method, var source, var place, var tell) => new ObjectionRaisedV1(
            NameOf(to), policy, at, NameOf(actor), method, purpose, due, source, place, tell),
        ObjectionDecided(var objection, var upheld, var ground, var at, var actor, var method, var source) => new ObjectionDecidedV1(objection, upheld, ground, at, NameOf(actor), method, source),
        ObjectionOverdue(var objection, var due) => new ObjectionOverdueV1(objection, due),
        ProcessingRestricted(var ground, var purposes, var at, var actor, var method, var source, var tell) => new ProcessingRestrictedV1(
            NameOf(ground), purposes, at, NameOf(actor), method, source, tell),
        RestrictionLifted(var restriction, var told, var at, var actor, var method, var source) => new RestrictionLiftedV1(restriction, told, at, NameOf(actor), method, source),
        SignalReceived(var signal, var honoured, var policy, var at, var actor, var method, var source, var place, var tell) => new SignalReceivedV1(
            NameOf(signal), honoured, policy, at, NameOf(actor), method, source, place, tell),
        DataDisclosed(var ground, var purpose, var recipient, var data, var policy, var at, var actor, var method, var source) => new DataDisclosedV1(
            NameOf(ground), purpose, recipient, data, policy, at, NameOf(actor), method, source),
        UseExcepted(var purpose, var ground, var policy, var at, var actor, var method, var source) => new UseExceptedV1(purpose, NameOf(ground), policy, at, NameOf(actor), method, source),
        _ => null,
    };

    private static object? OfRecord(object facts) => facts switch
    {
        RecordCorrected(var corrects, var voided, var doneAt, var text, var reason, var at, var actor, var method, var source, var tell) => new RecordCorrectedV1(
            corrects, voided, reason, at, NameOf(actor), method, source, doneAt, Shown(text), tell),
        HistoryRead(var reader, var asOf, var knownAt, var disclosed) => new HistoryReadV1(reader, disclosed, asOf, knownAt),
        ErasureStarted(var request, var tell) => new SubjectErasureStartedV1(request, tell),
        SubjectErased(var request) => new SubjectErasedV1(request),
        PolicyPublished(var pack, _) => new PolicyPublishedV1(pack.Version, pack.ToJson()),
        _ => null,
    };

    private static TextShownV1? Shown(TextShown? text) => text is null ? null : new(text.Id, text.Locale, text.Hash);

    private static string NameOf(Enum word) => JsonNamingPolicy.KebabCaseLower.ConvertName(word.ToString());
}
