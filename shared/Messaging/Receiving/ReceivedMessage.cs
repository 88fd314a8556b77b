using System.Text;
using ConsentLedger.Messaging.Publishing;
using RabbitMQ.Client;

namespace ConsentLedger.Messaging.Receiving;

/// <summary>One delivery as the broker made it, before anything is believed about it.</summary>
internal sealed record ReceivedMessage(ReadOnlyMemory<byte> Body, string Exchange, string RoutingKey, IReadOnlyBasicProperties Properties)
{
    /// <summary>A replayed message comes straight to its queue and says what it was published under. Only who may write to queues can say so.</summary>
    public string PublishedUnder => Exchange.Length == 0 ? Header(ParkedHeaders.RoutingKey) ?? RoutingKey : RoutingKey;

    /// <summary>Of a command, whose routing key begins with it: the broker vouches for that.</summary>
    public string Tenant => PublishedUnder.Split('.', 2)[0];

    public string? TraceParent => Header(MessageProperties.TraceParent);

    private string? Header(string name) => Properties.Headers?.TryGetValue(name, out var value) == true && value is byte[] text ? Encoding.UTF8.GetString(text) : null;
}

/// <summary>What is written on a parked message.</summary>
internal static class ParkedHeaders
{
    public const string Code = "x-parked-code";
    public const string Reason = "x-parked-reason";
    public const string RoutingKey = "x-parked-routing-key";
}
