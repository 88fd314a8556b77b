using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.Messaging;

namespace ConsentLedger.MarketingPreference.Reacting;

/// <summary>What a consumer needs from an envelope, or the message is parked.</summary>
internal static class Envelopes
{
    public static long VersionOf(this CloudEvent message) =>
        message.StreamVersion ?? throw new ParkException("stream_version_missing", "Without its streamversion an event cannot be put in order.");

    public static ConsentEntry EntryOf(this CloudEvent message) =>
        Guid.TryParse(message.Id, out var id)
            ? ConsentEntry.Of(message, message.VersionOf(), id)
            : throw new ParkException("event_id_invalid", "The id of an event of the consent service is a UUID.");
}
