using System.Collections;
using System.Text;
using ConsentLedger.Messaging.Publishing;
using RabbitMQ.Client;

namespace ConsentLedger.Messaging.Receiving;

/// <summary>Puts a message aside as it came, with the reason on it. Only what the broker confirmed in the parked queue counts as parked.</summary>
internal sealed class Parking(Consumption consumption, BrokerConnection broker, TimeProvider clock) : IAsyncDisposable
{
    // These would send copies elsewhere, or count deliveries that are over.
    private static readonly string[] NotKept = ["CC", "BCC", "x-delivery-count"];

    // The broker takes all headers of a message in one frame of 128 KiB, and closes the connection over one that is larger. Beyond half of that they are not kept, so that there is room for ours.
    private const int RoomForHeaders = 64 * 1024;

    private readonly ConfirmedPublisher _publisher = new(broker, clock, (channel, ct) => Topology.DeclareParkedQueueAsync(channel, consumption.Queue, ct));

    public Task ParkAsync(ReceivedMessage message, string code, string reason, CancellationToken ct) => _publisher.InTimeAsync(
        async limited =>
        {
            var confirm = await _publisher.WriteAsync(new OutgoingMessage("", consumption.ParkedQueue, PropertiesOf(message, code, reason), message.Body), limited);

            // Without the queue it would be lost. A failure here drops the channel, and the next one declares the queue.
            if (!await confirm.Task.WaitAsync(limited)) throw new BrokerUnavailableException($"{consumption.ParkedQueue} is gone.");
        },
        ct);

    public ValueTask DisposeAsync() => _publisher.DisposeAsync();

    private static BasicProperties PropertiesOf(ReceivedMessage message, string code, string reason)
    {
        var kept = message.Properties.Headers?.Where(h => !NotKept.Contains(h.Key)).ToDictionary() ?? [];
        if (SizeOf(kept) > RoomForHeaders) kept = kept.Where(h => h.Key == MessageProperties.TraceParent && SizeOf(h.Value) < byte.MaxValue).ToDictionary();
        var properties = new BasicProperties(message.Properties) { Persistent = true, Headers = kept };
        properties.Headers[ParkedHeaders.Code] = code;
        properties.Headers[ParkedHeaders.Reason] = reason;
        properties.Headers[ParkedHeaders.RoutingKey] = message.PublishedUnder;

        // The broker refuses another user's name, and what is parked must not expire.
        properties.ClearUserId();
        properties.ClearExpiration();
        return properties;
    }

    // At least as large as it is on the wire.
    private static int SizeOf(object? value) => 16 + value switch
    {
        byte[] text => text.Length,
        BinaryTableValue binary => binary.Bytes.Length,
        IDictionary<string, object?> table => table.Sum(field => Encoding.UTF8.GetByteCount(field.Key) + SizeOf(field.Value)),
        IEnumerable list => list.Cast<object?>().Sum(SizeOf),
        _ => 0,
    };
}
