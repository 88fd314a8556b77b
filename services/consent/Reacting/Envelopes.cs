using ConsentLedger.Consent.Consents;
using ConsentLedger.Contracts;
using ConsentLedger.Messaging;

namespace ConsentLedger.Consent.Reacting;

/// <summary>What a consumer needs from an envelope, or the message is parked.</summary>
internal static class Envelopes
{
    public static Actor ActorNamed(this CloudEvent message, string actor) =>
        Enum.GetValues<Actor>().Cast<Actor?>().FirstOrDefault(known => known.ToString()!.Equals(actor, StringComparison.OrdinalIgnoreCase)) ?? throw new ParkException("data_invalid", $"The actor of {message.Type} is not one this service knows.");

    public static Guid EventId(this CloudEvent message) =>
        Guid.TryParse(message.Id, out var id) ? id : throw new ParkException("data_invalid", $"The id of {message.Type} is not a UUID.");

    public static Token TokenOf(this CloudEvent message, string text) =>
        Token.TryParse(text) ?? throw new ParkException("data_invalid", $"A word of {message.Type} has characters that facts never have.");
}
