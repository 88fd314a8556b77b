using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Erasing;
using ConsentLedger.MarketingPreference.Sending;
using ConsentLedger.Messaging;

namespace ConsentLedger.MarketingPreference.Reacting;

/// <summary>The orchestrator asks this service to forget someone. The answer is the <c>subject.erased.v1</c> that the relay publishes.</summary>
public sealed class ErasureTaskDispatchedConsumer(DeciderLoop ledger, AddressReader addresses, SendCounts counts) : ICloudEventConsumer
{
    public async Task ConsumeAsync(CloudEvent message, CancellationToken ct)
    {
        var task = message.DataAs<ErasureTaskDispatchedV1>();
        if (task.System != "marketing-preference") return;
        var subject = message.SubjectStream();
        await LeaveAddressesAsync();
        await ledger.ExecuteAsync(EraseSubject.Of(subject, task.Request, Digest.Of(message.Source, message.Id), message.Time), ct);

        // Those that came before the fence was up; none comes after it.
        await LeaveAddressesAsync();
        await addresses.ForgetAsync(subject, ct);
        await counts.ForgetAsync(subject, ct);

        async Task LeaveAddressesAsync()
        {
            foreach (var link in await addresses.OfSubjectAsync(subject, ct)) await ledger.ExecuteAsync(EraseSubject.Leave(subject, link), ct);
        }
    }
}
