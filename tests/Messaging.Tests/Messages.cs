using System.Text.Json;
using ConsentLedger.Contracts;
using RabbitMQ.Client;

namespace ConsentLedger.Messaging.Tests;

/// <summary>What stands on the other side of the broker: plain messages, and plain queues.</summary>
internal static class Messages
{
    public const string Tenant = "vms";

    public static CloudEvent Event(string type, object data, string? subject = null, long? version = null) => new()
    {
        Id = NewId().ToString(),
        Source = "https://test.example/sender",
        Type = type,
        Time = TimeProvider.System.GetUtcNow(),
        Subject = subject ?? NewId().ToString(),
        Tenant = Tenant,
        StreamVersion = version,
        Data = CloudEvent.DataFrom(data),
    };

    public static Guid NewId() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    public static ValueTask SendAsync(this IChannel channel, string exchange, string routingKey, byte[] body, BasicProperties? properties = null) =>
        channel.BasicPublishAsync(exchange, routingKey, mandatory: true, properties ?? new BasicProperties { Persistent = true, ContentType = CloudEvent.MediaType }, body);

    public static ValueTask SendAsync(this IChannel channel, string exchange, CloudEvent message) => channel.SendAsync(exchange, message.Type, message.ToJson());

    /// <summary>A durable queue as a foreign consumer would bind it.</summary>
    public static async Task ListenAsync(this IChannel channel, string queue, string exchange, string binding, string exchangeType = ExchangeType.Topic)
    {
        await channel.ExchangeDeclareAsync(exchange, exchangeType, durable: true);
        await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        await channel.QueueBindAsync(queue, exchange, binding);
    }

    /// <summary>Takes messages until there are this many, or fails after a while.</summary>
    public static async Task<List<BasicGetResult>> TakeAsync(this IChannel channel, string queue, int count)
    {
        var taken = new List<BasicGetResult>();
        await Eventually(async () =>
        {
            while (taken.Count < count && await channel.BasicGetAsync(queue, autoAck: true) is { } message) taken.Add(message);
            taken.Count.ShouldBeGreaterThanOrEqualTo(count);
        });
        return taken;
    }

    public static CloudEvent Read(this BasicGetResult message) => CloudEvent.TryRead(message.Body, out var read, out var fault) ? read : throw new InvalidDataException(fault.Reason);

    public static string? Header(this BasicGetResult message, string name) =>
        message.BasicProperties.Headers?.TryGetValue(name, out var value) == true && value is byte[] text ? System.Text.Encoding.UTF8.GetString(text) : null;

    public static byte[] Json(object value) => JsonSerializer.SerializeToUtf8Bytes(value);

    /// <summary>Holds within half a minute.</summary>
    public static async Task Eventually(Func<Task> holds)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await holds();
                return;
            }
            catch (Exception) when (TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(30))
            {
                await Task.Delay(25);
            }
        }
    }

    public static Task Eventually(Action holds) => Eventually(() =>
    {
        holds();
        return Task.CompletedTask;
    });
}
