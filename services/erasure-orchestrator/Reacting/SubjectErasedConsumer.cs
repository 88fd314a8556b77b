using ConsentLedger.Contracts;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.Messaging;

namespace ConsentLedger.ErasureOrchestrator.Reacting;

/// <summary>A system has erased someone. Its name is in the message's source; what answers no request of ours waits for a person, parked.</summary>
public sealed class SubjectErasedConsumer(DeciderLoop ledger, RecordReply replies) : ICloudEventConsumer
{
    public async Task ConsumeAsync(CloudEvent message, CancellationToken ct)
    {
        var stream = message.SubjectStream();
        var system = OwnSystems.OfSource(message.Source) ?? throw new ParkException("source_unknown", "No system that erases has this source.");
        var request = message.DataAs<SubjectErasedV1>().Request;

        var command = replies.CommandOf(stream, request, system, new TaskReply.Done(TaskOutcome.Erased, Reason: null)) with
        {
            Id = Digest.Of(message.Source, message.Id),
            Body = Digest.Of($"{stream.Id}", $"{request}"),
        };
        switch (await ledger.ExecuteAsync(command, ct))
        {
            case Outcome.Refused { Refusal: var refusal }:
                throw new ParkException(refusal.Code, refusal.Reason);
            case Outcome.IdReused:
                throw new ParkException("message_id_reused", "The same source and id came before, with another answer.");
        }
    }
}
