using System.Diagnostics;
using ConsentLedger.Contracts;
using ConsentLedger.Messaging.Publishing;

namespace ConsentLedger.Messaging;

/// <summary>Answers commands on <see cref="Exchanges.ConsentReplies"/>.</summary>
public sealed class ReplyPublisher : IAsyncDisposable
{
    private readonly ConfirmedPublisher _publisher;
    private readonly MessagingMetrics _metrics;

    internal ReplyPublisher(BrokerConnection broker, MessagingMetrics metrics, TimeProvider clock)
    {
        _metrics = metrics;
        _publisher = new ConfirmedPublisher(broker, clock, (channel, ct) => Topology.DeclareExchangeAsync(channel, Exchanges.ConsentReplies, ct));
    }

    /// <summary>Returns when the broker has the answer, or knows that nobody listens for it. Meant to be called while the command is not acknowledged yet.</summary>
    /// <param name="routingKey">The <c>source</c> of the command.</param>
    /// <exception cref="BrokerUnavailableException">It was not confirmed within ten seconds.</exception>
    public async Task PublishAsync(CloudEvent reply, string routingKey, CancellationToken ct)
    {
        reply = reply with { TraceParent = Activity.Current?.Id ?? reply.TraceParent };
        _metrics.Published(Exchanges.ConsentReplies, await _publisher.PublishAsync(reply.ToMessage(Exchanges.ConsentReplies, routingKey), ct));
    }

    public ValueTask DisposeAsync() => _publisher.DisposeAsync();
}
