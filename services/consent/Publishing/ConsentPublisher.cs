using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.HandingOver;
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
            Subject = facts is PolicyPublished or TenantHandedOver ? null : e.Stream.Id.ToString(),
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
        ConsentAsked e => new ConsentAskedV1(
            e.Lane.Purpose, e.Lane.Recipient, e.PolicyVersion, e.OccurredAt, NameOf(e.Actor), e.Method, e.Lane.Channel, e.Source, e.Jurisdiction, e.Lane.Law, e.Lane.Scope, Shown(e.Text)),
        ConsentPending e => new ConsentPendingV1(
            e.Lane.Purpose, e.Lane.Recipient, e.PolicyVersion, e.OccurredAt, NameOf(e.Actor), e.Method, e.Until, e.Lane.Channel, e.Source, e.Jurisdiction, e.Lane.Law, e.Lane.Scope, Shown(e.Text)),
        ConsentConfirmed e => new ConsentConfirmedV1(
            e.Lane.Purpose, e.Lane.Recipient, e.PolicyVersion, "consent", e.OccurredAt, NameOf(e.Actor), e.Method, e.Confirms, e.Lane.Channel, e.Source,
            e.Lane.Law, e.Lane.Scope, Shown(e.Text), e.Until),
        ConsentGranted e => new ConsentGrantedV1(
            e.Lane.Purpose, e.Lane.Recipient, e.PolicyVersion, "consent", e.OccurredAt, NameOf(e.Actor), e.Method, e.InForce, e.Lane.Channel, e.Source, e.Jurisdiction, Shown(e.Text),
            e.Lane.Law, e.Lane.Scope, e.Until, e.Renews, e.Implied, e.Imported),
        ConsentRefused e => new ConsentRefusedV1(
            e.Lane.Purpose, e.Lane.Recipient, e.PolicyVersion, e.OccurredAt, NameOf(e.Actor), e.Method, e.Lane.Channel, e.Source, e.Jurisdiction, e.Lane.Law, e.Lane.Scope, Shown(e.Text), e.RecipientsToTell),
        ConsentWithdrawn e => new ConsentWithdrawnV1(
            e.Lane.Purpose, e.Lane.Recipient, e.PolicyVersion, e.OccurredAt, NameOf(e.Actor), e.Method, e.Lane.Channel, e.Source, e.Cause, e.CausedBy,
            e.Lane.Law, e.Lane.Scope, e.RecipientsToTell, e.Imported),
        ConsentExpired e => new ConsentExpiredV1(e.Lane.Purpose, e.Lane.Recipient, e.Rested, e.Lane.Channel, e.Lane.Law, e.Lane.Scope, e.RecipientsToTell),
        ConsentRenewalDue e => new ConsentRenewalDueV1(e.Lane.Purpose, e.Lane.Recipient, e.Rested, e.Until, e.Lane.Channel, e.Lane.Law, e.Lane.Scope),
        _ => null,
    };

    private static object? OfPerson(object facts) => facts switch
    {
        SubjectMerged e => new SubjectMergedV1(e.Other, e.OccurredAt, NameOf(e.Actor), e.Method, e.Source),
        SubjectUnmerged e => new SubjectUnmergedV1(e.Other, e.OccurredAt, NameOf(e.Actor), e.Method, e.Source),

        // What follows from the month is enough for the others.
        BirthMonthStated e => new BirthMonthStatedV1(e.ConsentsFrom, e.OfAgeFrom, e.OccurredAt, NameOf(e.Actor), e.Method, e.Source, e.Jurisdiction),
        SubjectCameOfAge e => new SubjectCameOfAgeV1(e.OfAgeFrom),
        _ => null,
    };

    private static object? OfRight(object facts) => facts switch
    {
        TermsAnswered e => new TermsAnsweredV1(e.PolicyVersion, e.Accepted, e.OccurredAt, NameOf(e.Actor), e.Method, e.Source),
        ObjectionRaised e => new ObjectionRaisedV1(
            NameOf(e.To), e.PolicyVersion, e.OccurredAt, NameOf(e.Actor), e.Method, e.Purpose, e.Due, e.Source, e.Jurisdiction, e.RecipientsToTell),
        ObjectionDecided e => new ObjectionDecidedV1(e.Objection, e.Upheld, e.Ground, e.OccurredAt, NameOf(e.Actor), e.Method, e.Source),
        ObjectionOverdue e => new ObjectionOverdueV1(e.Objection, e.Due),
        ProcessingRestricted e => new ProcessingRestrictedV1(
            NameOf(e.Ground), e.Purposes, e.OccurredAt, NameOf(e.Actor), e.Method, e.Source, e.RecipientsToTell),
        RestrictionLifted e => new RestrictionLiftedV1(e.Restriction, e.SubjectTold, e.OccurredAt, NameOf(e.Actor), e.Method, e.Source),
        SignalReceived e => new SignalReceivedV1(
            NameOf(e.Signal), e.Honoured, e.PolicyVersion, e.OccurredAt, NameOf(e.Actor), e.Method, e.Source, e.Jurisdiction, e.RecipientsToTell),
        DataDisclosed e => new DataDisclosedV1(
            NameOf(e.Ground), e.Purpose, e.Recipient, e.Data, e.PolicyVersion, e.OccurredAt, NameOf(e.Actor), e.Method, e.Source),
        UseExcepted e => new UseExceptedV1(e.Purpose, NameOf(e.Ground), e.PolicyVersion, e.OccurredAt, NameOf(e.Actor), e.Method, e.Source),
        _ => null,
    };

    private static object? OfRecord(object facts) => facts switch
    {
        RecordCorrected e => new RecordCorrectedV1(
            e.Corrects, e.Voided, e.Reason, e.OccurredAt, NameOf(e.Actor), e.Method, e.Source, e.DoneAt, Shown(e.Text), e.RecipientsToTell),
        HistoryRead e => new HistoryReadV1(e.Reader, e.Disclosed, e.AsOf, e.KnownAt),
        ErasureStarted e => new SubjectErasureStartedV1(e.Request, e.RecipientsToTell),
        SubjectErased e => new SubjectErasedV1(e.Request),
        PolicyPublished e => new PolicyPublishedV1(e.Pack.Version, e.Pack.ToJson()),
        TenantHandedOver e => new TenantHandedOverV1(e.Successor, e.Key),
        _ => null,
    };

    private static TextShownV1? Shown(TextShown? text) => text is null ? null : new(text.Id, text.Locale, text.Hash);

    private static string NameOf(Enum word) => JsonNamingPolicy.KebabCaseLower.ConvertName(word.ToString());
}
