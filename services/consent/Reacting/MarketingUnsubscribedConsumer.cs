using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Withdrawing;
using ConsentLedger.Contracts;
using ConsentLedger.Messaging;

namespace ConsentLedger.Consent.Reacting;

/// <summary>
/// Someone unsubscribed from mail that rested on consent: the consent is withdrawn. What unsubscribed because consent was withdrawn says so,
/// and ends here, so the two services never chase each other.
/// </summary>
public sealed class MarketingUnsubscribedConsumer(DeciderLoop ledger) : ICloudEventConsumer
{
    public async Task ConsumeAsync(CloudEvent message, CancellationToken ct)
    {
        var unsubscribed = message.DataAs<MarketingUnsubscribedV1>();
        if (!unsubscribed.WithdrawsConsent) return;

        var stream = message.SubjectStream();
        var withdrawal = new WithdrawConsent(
            unsubscribed.Purpose, unsubscribed.OccurredAt, message.ActorNamed(unsubscribed.Actor), message.TokenOf(unsubscribed.Method), unsubscribed.Channel,
            Source: Token.Parse("marketing-preference"))
        {
            CausedBy = ("unsubscribed", message.EventId()),
        };

        // A person who was erased meanwhile, or a purpose the policy dropped: the refusal is remembered, and nothing is left to do.
        await ledger.ExecuteAsync(withdrawal.CommandOf(stream, Digest.Of(message.Source, message.Id), Digest.Of(message.Data.Span)), ct);
    }
}
