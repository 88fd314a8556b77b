using System.Net;
using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Erasing;
using ConsentLedger.MarketingPreference.Sending;
using ConsentLedger.Messaging;

namespace ConsentLedger.MarketingPreference.Reacting;

/// <summary>The orchestrator asks this service to forget someone. The answer is the <c>subject.erased.v1</c> that the relay publishes.</summary>
public sealed class ErasureTaskDispatchedConsumer(DeciderLoop ledger, AddressReader addresses, CatchUp catchUp, SendCounts counts) : ICloudEventConsumer
{
    public async Task ConsumeAsync(CloudEvent message, CancellationToken ct)
    {
        var task = message.DataAs<ErasureTaskDispatchedV1>();
        if (task.System != "marketing-preference") return;
        var subject = message.SubjectStream();
        if ((await addresses.OfSubjectAsync(subject, ct)).Count > 0) await HearAllAsync();
        await LeaveAddressesAsync();
        await ledger.ExecuteAsync(EraseSubject.Of(subject, task.Request, Digest.Of(message.Source, message.Id), message.Time), ct);

        // Those that came before the fence was up; none comes after it.
        await LeaveAddressesAsync();
        await addresses.ForgetAsync(subject, ct);
        await counts.ForgetAsync(subject, ct);

        // A no that was said over there may still be on the bus, and what is erased hears nothing. While consent is away, the erasure waits: it alone knows whether the address is to be
        // suppressed, and it knows that also of whom it has erased.
        async Task HearAllAsync()
        {
            try
            {
                await catchUp.FollowToEndAsync(subject, $"marketing:{message.Id}", ct);
            }
            catch (ConsentUnavailableException e) when (e.StatusCode == HttpStatusCode.NotFound)
            {
                // Nothing was ever said over there.
            }
        }

        async Task LeaveAddressesAsync()
        {
            foreach (var link in await addresses.OfSubjectAsync(subject, ct)) await ledger.ExecuteAsync(EraseSubject.Leave(subject, link), ct);
        }
    }
}
