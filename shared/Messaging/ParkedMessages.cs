using ConsentLedger.Messaging.Publishing;
using ConsentLedger.Messaging.Receiving;
using RabbitMQ.Client;

namespace ConsentLedger.Messaging;

/// <summary>The messages that were put aside, for an operator who has removed the cause.</summary>
public sealed class ParkedMessages
{
    private readonly BrokerConnection _broker;
    private readonly TimeProvider _clock;

    internal ParkedMessages(BrokerConnection broker, TimeProvider clock) => (_broker, _clock) = (broker, clock);

    /// <summary>Moves what is parked now back to its queue, oldest first. What is parked again meanwhile stays.</summary>
    /// <param name="queue">Without <c>.parked</c>.</param>
    /// <returns>How many were moved. After a failure some may be in both queues; none is lost.</returns>
    public async Task<int> ReplayAsync(string queue, CancellationToken ct)
    {
        var connection = await _broker.GetAsync(ct);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: ct);
        await using var publisher = new ConfirmedPublisher(_broker, _clock, (publishing, ct) => publishing.QueueDeclarePassiveAsync(queue, ct));
        var parked = await channel.QueueDeclarePassiveAsync(Topology.ParkedQueueOf(queue), ct);
        var moved = 0;
        for (var left = parked.MessageCount; left > 0; left--)
        {
            if (await channel.BasicGetAsync(Topology.ParkedQueueOf(queue), autoAck: false, ct) is not { } message) break;
            var properties = new BasicProperties(message.BasicProperties);
            properties.Headers?.Remove(ParkedHeaders.Code);
            properties.Headers?.Remove(ParkedHeaders.Reason);
            if (!await publisher.PublishAsync(new OutgoingMessage("", queue, properties, message.Body), ct)) throw new BrokerUnavailableException($"{queue} is gone.");
            await channel.BasicAckAsync(message.DeliveryTag, multiple: false, ct);
            moved++;
        }

        return moved;
    }
}
