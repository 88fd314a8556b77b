using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference.Erasing;
using ConsentLedger.Messaging;

namespace ConsentLedger.MarketingPreference.Reacting;

/// <summary>The orchestrator asks this service to forget someone. The answer is the <c>subject.erased.v1</c> that the relay publishes.</summary>
public sealed class ErasureTaskDispatchedConsumer(DeciderLoop ledger) : ICloudEventConsumer
{
    public Task ConsumeAsync(CloudEvent message, CancellationToken ct)
    {
        var task = message.DataAs<ErasureTaskDispatchedV1>();
        return task.System == "marketing-preference" ? ledger.ExecuteAsync(EraseSubject.Of(message.SubjectStream(), task.Request, Digest.Of(message.Source, message.Id)), ct) : Task.CompletedTask;
    }
}
