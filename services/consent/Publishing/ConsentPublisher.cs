using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts;

namespace ConsentLedger.Consent.Publishing;

/// <summary>From what this service records to what it tells the others. The only file that sees both.</summary>
public static class ConsentPublisher
{
    public static CloudEvent? Translate(StoredEvent e)
    {
        var (type, data) = ConsentCatalog.Events.Decode(e) switch
        {
            ConsentGranted g => (ConsentGrantedV1.Type, CloudEvent.DataFrom(new ConsentGrantedV1(
                g.Lane.Purpose, g.Lane.Recipient, g.PolicyVersion, "consent", g.OccurredAt, NameOf(g.Actor), g.Method, g.InForce, g.Lane.Channel, g.Source, g.Jurisdiction,
                g.Text is { } text ? new TextShownV1(text.Id, text.Locale, text.Hash) : null))),
            ConsentWithdrawn w => (ConsentWithdrawnV1.Type, CloudEvent.DataFrom(new ConsentWithdrawnV1(
                w.Lane.Purpose, w.Lane.Recipient, w.PolicyVersion, w.OccurredAt, NameOf(w.Actor), w.Method, w.Lane.Channel, w.Source, w.Cause, w.CausedBy))),
            HistoryRead r => (HistoryReadV1.Type, CloudEvent.DataFrom(new HistoryReadV1(r.Reader, r.Disclosed, r.AsOf, r.KnownAt))),
            ErasureStarted s => (SubjectErasureStartedV1.Type, CloudEvent.DataFrom(new SubjectErasureStartedV1(s.Request))),
            SubjectErased s => (SubjectErasedV1.Type, CloudEvent.DataFrom(new SubjectErasedV1(s.Request))),
            PolicyPublished p => (PolicyPublishedV1.Type, CloudEvent.DataFrom(new PolicyPublishedV1(p.Pack.Version, p.Pack.ToJson()))),
            var unknown => throw new InvalidOperationException($"{unknown.GetType().Name} has no contract."),
        };
        return new CloudEvent
        {
            Id = e.Id.ToString(),
            Source = "https://consentledger/consent",
            Type = type,
            Time = e.Place.RecordedAt,
            Subject = type == PolicyPublishedV1.Type ? null : e.Stream.Id.ToString(),
            Tenant = e.Stream.Tenant.ToString(),
            Position = e.Place.Position,
            StreamVersion = e.Place.Version,
            TraceParent = e.TraceParent,
            Data = data,
        };
    }

    private static string NameOf(Actor actor) => actor.ToString().ToLowerInvariant();
}
