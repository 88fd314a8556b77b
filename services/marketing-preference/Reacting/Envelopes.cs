using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.Messaging;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Reacting;

/// <summary>What a consumer needs from an envelope, or the message is parked.</summary>
internal static class Envelopes
{
    public static TenantId TenantOf(this CloudEvent message) =>
        TenantId.TryParse(message.Tenant, out var tenant) ? tenant : throw new ParkException("tenant_invalid", "The tenant attribute is missing or is not a tenant.");

    public static StreamKey SubjectStream(this CloudEvent message) =>
        SubjectId.TryParse(message.Subject, out var subject)
            ? new StreamKey(message.TenantOf(), subject.Stream)
            : throw new ParkException("subject_id_invalid", "The subject is not a UUID of version 4 or 7 in lower case.");

    public static long VersionOf(this CloudEvent message) =>
        message.StreamVersion ?? throw new ParkException("stream_version_missing", "Without its streamversion an event cannot be put in order.");

    public static ConsentEntry EntryOf(this CloudEvent message) =>
        Guid.TryParse(message.Id, out var id)
            ? new ConsentEntry(message.VersionOf(), id, message.Type, ConsentEntry.IsAct(message.Type) ? message.DataAs<ConsentAct>() : null)
            : throw new ParkException("event_id_invalid", "The id of an event of the consent service is a UUID.");
}
