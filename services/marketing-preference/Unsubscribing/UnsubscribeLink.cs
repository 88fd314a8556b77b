using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Links;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Unsubscribing;

/// <summary>What an unsubscribe link stands for: one person, one topic, one channel, and the delivery it was sent in where the email system named it.</summary>
public sealed record UnsubscribeLink(
    TenantId Tenant, SubjectId Subject, string Topic, string Channel, Word? DeliveryId, Word? RecipientRef, DateTimeOffset ExpiresAt, AddressTag? Address = null)
{
    public StreamKey Stream => new(Tenant, Subject.Stream);

    internal byte[] ToBytes() =>
    [
        .. LinkBytes.Of(Tenant.ToString()), .. LinkBytes.Of(Subject), .. LinkBytes.Of(Topic), .. LinkBytes.Of(Channel), .. LinkBytes.Of(DeliveryId?.Value),
        .. LinkBytes.Of(RecipientRef?.Value), .. LinkBytes.Of(ExpiresAt), .. Address?.ToBytes() ?? [],
    ];

    /// <summary>The tag of the address comes last, where one was named: older links end before it.</summary>
    internal static UnsubscribeLink FromBytes(ReadOnlySpan<byte> bytes) => new(
        TenantId.Parse(LinkBytes.TakeText(ref bytes)), LinkBytes.TakeSubject(ref bytes), LinkBytes.TakeText(ref bytes), LinkBytes.TakeText(ref bytes),
        Word.TryParse(LinkBytes.TakeText(ref bytes)), Word.TryParse(LinkBytes.TakeText(ref bytes)), LinkBytes.TakeEnd(ref bytes), bytes.IsEmpty ? null : AddressTag.Of(bytes));
}
