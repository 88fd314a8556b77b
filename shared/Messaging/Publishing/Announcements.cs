using System.Diagnostics;
using ConsentLedger.Contracts;
using ConsentLedger.Messaging.Publishing;

namespace ConsentLedger.Messaging;

/// <summary>Publishes to the service's own exchange what is said about its events and is none of them. The relay never reads it, so whoever publishes here sees to repeats.</summary>
public sealed class Announcements : IAsyncDisposable
{
    private readonly ConfirmedPublisher _publisher;
    private readonly MessagingMetrics _metrics;
    private readonly string _exchange;

    internal Announcements(Publication publication, BrokerConnection broker, MessagingMetrics metrics, TimeProvider clock)
    {
        (_exchange, _metrics) = (publication.Exchange, metrics);
        _publisher = new ConfirmedPublisher(broker, clock, (channel, ct) => Topology.DeclareExchangeAsync(channel, publication.Exchange, ct));
    }

    /// <summary>Returns when the broker has the message, under its type, or knows that nobody listens for it.</summary>
    /// <exception cref="BrokerUnavailableException">It was not confirmed within ten seconds.</exception>
    public async Task PublishAsync(CloudEvent message, CancellationToken ct)
    {
        message = message with { TraceParent = Activity.Current?.Id ?? message.TraceParent };
        _metrics.Published(_exchange, await _publisher.PublishAsync(message.ToMessage(_exchange, message.Type), ct));
    }

    public ValueTask DisposeAsync() => _publisher.DisposeAsync();
}
