using System.Threading.Channels;
using ConsentLedger.Contracts;
using ConsentLedger.Support;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace ConsentLedger.Benchmarks;

/// <summary>The world around a service: who publishes to it, and who listens to what it says.</summary>
internal sealed class BusTraffic : IAsyncDisposable
{
    /// <summary>An exchange and a queue that none of our services knows.</summary>
    public const string Bare = "bare";

    /// <summary>The queue of the email system.</summary>
    public const string Unsubscribes = "email.unsubscribes";

    private const int Unconfirmed = 256;

    private readonly IChannel _publishing;
    private readonly IChannel _listening;
    private readonly Dictionary<string, Channel<CloudEvent>> _heard = [];

    private BusTraffic(IChannel publishing, IChannel listening) => (_publishing, _listening) = (publishing, listening);

    public static async Task<BusTraffic> OpenAsync(Broker broker, CancellationToken ct)
    {
        var traffic = new BusTraffic(await broker.OpenChannelAsync(), await broker.OpenChannelAsync());
        await traffic._listening.BasicQosAsync(0, 512, global: false, ct);
        await traffic.ListenAsync(Bare, Bare, "#", ct);
        await traffic.ListenAsync(Unsubscribes, Exchanges.MarketingEvents, MarketingUnsubscribedV1.Type, ct);
        return traffic;
    }

    /// <summary>In this order, some hundreds of confirms behind.</summary>
    public async Task PublishAsync(string exchange, IReadOnlyList<CloudEvent> messages, CancellationToken ct)
    {
        var unconfirmed = new Queue<Task>();
        foreach (var message in messages)
        {
            if (unconfirmed.Count == Unconfirmed) await unconfirmed.Dequeue();
            var properties = new BasicProperties { Persistent = true, ContentType = CloudEvent.MediaType, MessageId = message.Id, Type = message.Type };
            unconfirmed.Enqueue(_publishing.BasicPublishAsync(exchange, message.Type, mandatory: true, properties, message.ToJson(), ct).AsTask());
        }

        await Task.WhenAll(unconfirmed);
    }

    /// <summary>Returns when this many different messages came, by what tells them apart.</summary>
    public async Task HearAsync(string queue, Func<CloudEvent, string> by, int count, CancellationToken ct)
    {
        var different = new HashSet<string>();
        while (different.Count < count) different.Add(by(await _heard[queue].Reader.ReadAsync(ct)));
    }

    public async ValueTask DisposeAsync()
    {
        await _publishing.DisposeAsync();
        await _listening.DisposeAsync();
    }

    private async Task ListenAsync(string queue, string exchange, string binding, CancellationToken ct)
    {
        var heard = _heard[queue] = Channel.CreateUnbounded<CloudEvent>();
        await _listening.ExchangeDeclareAsync(exchange, ExchangeType.Topic, durable: true, cancellationToken: ct);
        await _listening.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }, cancellationToken: ct);
        await _listening.QueueBindAsync(queue, exchange, binding, cancellationToken: ct);
        var consumer = new AsyncEventingBasicConsumer(_listening);
        consumer.ReceivedAsync += async (_, delivery) =>
        {
            if (!CloudEvent.TryRead(delivery.Body.ToArray(), out var message, out var fault)) throw new InvalidDataException(fault.Reason);
            await _listening.BasicAckAsync(delivery.DeliveryTag, multiple: false);
            heard.Writer.TryWrite(message);
        };
        await _listening.BasicConsumeAsync(queue, autoAck: false, consumer, ct);
    }
}
