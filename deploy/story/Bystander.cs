using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace ConsentLedger.Story;

/// <summary>Listens to everything that any service publishes: how much it is, and whether any of it names a person.</summary>
internal sealed class Bystander(IChannel channel) : IAsyncDisposable
{
    private static readonly byte[] PartOfEveryAddress = Encoding.UTF8.GetBytes("example.org");

    private int _events;
    private int _naming;

    public int Events => Volatile.Read(ref _events);

    public static async Task<Bystander> ListenAsync(Broker broker, CancellationToken ct)
    {
        var channel = await broker.OpenAsync(ct);
        var bystander = new Bystander(channel);
        var queue = await channel.QueueDeclareAsync(cancellationToken: ct);
        foreach (var exchange in new[] { "consent.events", "marketing.events", "erasure.events" }) await channel.QueueBindAsync(queue, exchange, "#", cancellationToken: ct);

        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            Interlocked.Increment(ref bystander._events);
            if (delivery.Body.Span.IndexOf(PartOfEveryAddress) >= 0) Interlocked.Increment(ref bystander._naming);
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queue, autoAck: true, consumer, ct);
        return bystander;
    }

    public void ExpectNobodyNamed() => Expect.Same(0, Volatile.Read(ref _naming), "Messages on the bus with a person's address in them");

    public ValueTask DisposeAsync() => channel.DisposeAsync();
}
