using System.Text.Json;
using System.Threading.Channels;
using ConsentLedger.Support;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace ConsentLedger.Chaos;

/// <summary>A durable queue that keeps what is published while its broker and everybody else is killed, to be heard afterwards.</summary>
internal sealed class Listener
{
    private const string Queue = "listener";

    private readonly Broker _broker;

    private Listener(Broker broker) => _broker = broker;

    /// <param name="types">Of events of the log, and not what is said about the log.</param>
    public static async Task<Listener> DeclareAsync(Broker broker, string exchange, IEnumerable<string> types, CancellationToken ct)
    {
        await using var channel = await broker.OpenChannelAsync();
        await channel.QueueDeclareAsync(Queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }, cancellationToken: ct);
        foreach (var type in types) await channel.QueueBindAsync(Queue, exchange, type, cancellationToken: ct);
        return new Listener(broker);
    }

    /// <summary>Without an end: whoever has heard enough goes.</summary>
    public async IAsyncEnumerable<JsonElement> HearAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await using var channel = await _broker.OpenChannelAsync();
        await channel.BasicQosAsync(0, 256, global: false, ct);
        var deliveries = Channel.CreateUnbounded<(ulong Tag, JsonElement Event)>();
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += async (_, delivery) => await deliveries.Writer.WriteAsync((delivery.DeliveryTag, JsonDocument.Parse(delivery.Body.ToArray()).RootElement), ct);
        await channel.BasicConsumeAsync(Queue, autoAck: false, consumer, ct);
        while (true)
        {
            var (tag, e) = await deliveries.Reader.ReadAsync(ct);
            await channel.BasicAckAsync(tag, multiple: false, ct);
            yield return e;
        }
    }

    public static long PositionOf(JsonElement e) => e.GetProperty("position").GetInt64();
}
