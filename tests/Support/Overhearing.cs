using System.Collections.Concurrent;
using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace ConsentLedger.Support;

/// <summary>A queue bound to everything, to see what really travels.</summary>
public sealed class Overhearing : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _bodies = [];
    private readonly IChannel _channel;

    private Overhearing(IChannel channel) => _channel = channel;

    public IReadOnlyCollection<string> Bodies => _bodies;

    public static async Task<Overhearing> EverythingAsync(Broker broker, params string[] exchanges)
    {
        var overhearing = new Overhearing(await broker.OpenChannelAsync());
        var queue = (await overhearing._channel.QueueDeclareAsync()).QueueName;
        foreach (var exchange in exchanges) await overhearing._channel.QueueBindAsync(queue, exchange, "#");
        var consumer = new AsyncEventingBasicConsumer(overhearing._channel);
        consumer.ReceivedAsync += (_, message) =>
        {
            overhearing._bodies.Enqueue(Encoding.UTF8.GetString(message.Body.Span));
            return Task.CompletedTask;
        };
        await overhearing._channel.BasicConsumeAsync(queue, autoAck: true, consumer);
        return overhearing;
    }

    public async ValueTask DisposeAsync() => await _channel.DisposeAsync();
}
