using System.Text;
using ConsentLedger.Contracts;
using RabbitMQ.Client;

namespace ConsentLedger.Messaging.Publishing;

internal static class MessageProperties
{
    public const string TraceParent = "traceparent";

    public static OutgoingMessage ToMessage(this CloudEvent e, string exchange, string routingKey) => new(
        exchange,
        routingKey,
        new BasicProperties
        {
            Persistent = true,
            ContentType = CloudEvent.MediaType,
            MessageId = Encoding.UTF8.GetByteCount(e.Id) <= byte.MaxValue ? e.Id : null,
            Type = e.Type,
            Headers = e.TraceParent is null ? null : new Dictionary<string, object?> { [TraceParent] = e.TraceParent },
        },
        e.ToJson());
}
