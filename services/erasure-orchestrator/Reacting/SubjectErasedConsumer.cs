using ConsentLedger.Contracts;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Completing;
using ConsentLedger.Messaging;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Reacting;

/// <summary>A system has erased someone. Its name is in the message's source; what answers no request of ours waits for a person, parked.</summary>
public sealed class SubjectErasedConsumer(DeciderLoop ledger) : ICloudEventConsumer
{
    public async Task ConsumeAsync(CloudEvent message, CancellationToken ct)
    {
        if (!TenantId.TryParse(message.Tenant, out var tenant)) throw new ParkException("tenant_invalid", "The tenant attribute is missing or is not a tenant.");
        if (!SubjectId.TryParse(message.Subject, out var subject)) throw new ParkException("subject_id_invalid", "The subject is not a UUID of version 4 or 7 in lower case.");
        var system = ErasedSystems.OfSource(message.Source) ?? throw new ParkException("source_unknown", "No system that erases has this source.");
        var request = message.DataAs<SubjectErasedV1>().Request;

        var command = new Command(
            new StreamKey(tenant, subject.Stream), SubjectErasure.Stream, Digest.Of(message.Source, message.Id), Digest.Of($"{subject}", $"{request}"),
            context => CompleteTask.Decide(request, system, context.State<SubjectErasure>()));
        switch (await ledger.ExecuteAsync(command, ct))
        {
            case Outcome.Refused { Refusal: var refusal }:
                throw new ParkException(refusal.Code, refusal.Reason);
            case Outcome.IdReused:
                throw new ParkException("message_id_reused", "The same source and id came before, with another answer.");
        }
    }
}
