using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Bulk;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.Publishing;

/// <summary>From what this service records to what it tells the others. The only file that sees both.</summary>
public static class MarketingPublisher
{
    /// <summary>
    /// Every event goes out, so that positions are dense for whoever hears all of a tenant: a position that is passed over is a message that was lost. What concerns
    /// nobody outside says no more than that its position is taken.
    /// </summary>
    public static CloudEvent Translate(StoredEvent e) => MarketingCatalog.Events.Decode(e) switch
    {
        Unsubscribed u => Envelope(e, MarketingUnsubscribedV1.Type, new MarketingUnsubscribedV1(
            u.Topic, u.Channel, u.Purpose, u.Basis, NameOf(u.Cause), NameOf(u.Actor), u.Method, u.OccurredAt, u.WithdrawsConsent, u.DeliveryId, u.RecipientRef)),
        Subscribed { Again: true } s => Envelope(e, MarketingResubscribedV1.Type, new MarketingResubscribedV1(
            s.Topic, s.Channel, s.Purpose, s.Basis, NameOf(s.Cause), NameOf(s.Actor), s.Method, s.OccurredAt)),
        Subscribed s => Envelope(e, MarketingSubscribedV1.Type, new MarketingSubscribedV1(
            s.Topic, s.Channel, s.Purpose, s.Basis, NameOf(s.Cause), NameOf(s.Actor), s.Method, s.OccurredAt)),
        ConsentFollowed f => Envelope(e, MarketingConsentFollowedV1.Type, new MarketingConsentFollowedV1(
            f.Event, f.Version, f.Change?.Purpose, f.Change?.Channel, f.Change?.Recipient, f.Change?.Given)),
        ConfirmationLinkMade c => Envelope(e, MarketingConfirmationLinkMadeV1.Type, new MarketingConfirmationLinkMadeV1(c.Purpose, c.Channel, c.Recipient)),
        PreferencesRead r => Envelope(e, PreferencesReadV1.Type, new PreferencesReadV1(r.Reader)),
        ErasureStarted s => Envelope(e, SubjectErasureStartedV1.Type, new SubjectErasureStartedV1(s.Request)),
        SubjectErased s => Envelope(e, SubjectErasedV1.Type, new SubjectErasedV1(s.Request)),

        // Whatever stops an address for good, the email system stops it.
        AddressSuppressed s => OfNobody(e, MarketingSuppressedV1.Type, new MarketingSuppressedV1(s.Tag.ToString(), NameOf(s.Cause), s.Everything, s.OccurredAt)),
        AddressComplained c => OfNobody(e, MarketingSuppressedV1.Type, new MarketingSuppressedV1(c.Tag.ToString(), "complaint", false, c.OccurredAt)),
        AddressBounced { Kind: BounceKind.Hard } b => OfNobody(e, MarketingSuppressedV1.Type, new MarketingSuppressedV1(b.Tag.ToString(), "bounce", true, b.OccurredAt)),
        AddressReleased r => OfNobody(e, MarketingReleasedV1.Type, new MarketingReleasedV1(r.Tag.ToString(), r.Reason, r.OccurredAt)),

        // Who has an address is nobody's business outside, and the policies are the consent service's to publish.
        AddressBounced or AddressDelivered or AddressLinked or AddressUnlinked or PolicyFollowed or ImportAccepted or ImportStarted or ImportAdvanced or ImportCompleted or ImportFailed =>
            OfNobody(e, MarketingPositionTakenV1.Type, new MarketingPositionTakenV1(e.Type)),
        var unknown => throw new InvalidOperationException($"{unknown.GetType().Name} has no contract."),
    };

    /// <summary>It is about no person: the id of an address's stream names nothing outside.</summary>
    private static CloudEvent OfNobody<T>(StoredEvent e, string type, T data)
        where T : notnull => Envelope(e, type, data) with { Subject = null };

    private static CloudEvent Envelope<T>(StoredEvent e, string type, T data)
        where T : notnull => new()
        {
            Id = e.Id.ToString(),
            Source = "https://consentledger/marketing-preference",
            Type = type,
            Time = e.Place.RecordedAt,
            Subject = e.Stream.Id.ToString(),
            Tenant = e.Stream.Tenant.ToString(),
            Position = e.Place.Position,
            StreamVersion = e.Place.Version,
            TraceParent = e.TraceParent,
            Data = CloudEvent.DataFrom(data),
        };

    private static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
