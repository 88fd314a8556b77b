using ConsentLedger.Consent.Consents.Erasing;
using ConsentLedger.Contracts;
using ConsentLedger.Messaging;

namespace ConsentLedger.Consent.Reacting;

/// <summary>The orchestrator asks this service to forget someone. The answer is the <c>subject.erased.v1</c> that the relay publishes.</summary>
public sealed class ErasureTaskDispatchedConsumer(EraseSubject erase) : ICloudEventConsumer
{
    public Task ConsumeAsync(CloudEvent message, CancellationToken ct)
    {
        var task = message.DataAs<ErasureTaskDispatchedV1>();
        return task.System == "consent" ? erase.RunAsync(message.SubjectStream(), task.Request, Digest.Of(message.Source, message.Id), ct, message.Time) : Task.CompletedTask;
    }
}
