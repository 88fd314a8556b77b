using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ConsentLedger.Messaging;

/// <summary>What an operator watches, under <see cref="Name"/>, which is also the source of the spans.</summary>
public sealed class MessagingMetrics
{
    public const string Name = "ConsentLedger.Messaging";

    internal static readonly ActivitySource Spans = new(Name);

    private readonly Counter<long> _published;
    private readonly Counter<long> _unroutable;
    private readonly Counter<long> _failures;
    private readonly Counter<long> _consumed;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _parked;
    private object? _lag;
    private int _aside;

    public MessagingMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Name);
        _published = meter.CreateCounter<long>("consentledger.messaging.published", "{message}", "Messages the broker confirmed.");
        _unroutable = meter.CreateCounter<long>("consentledger.messaging.unroutable", "{message}", "Confirmed messages for which nobody had bound a queue.");
        _failures = meter.CreateCounter<long>("consentledger.messaging.publish_failures", "{attempt}", "Attempts to publish that the broker refused, or did not confirm in time.");
        _consumed = meter.CreateCounter<long>("consentledger.messaging.consumed", "{message}", "Messages handled and acknowledged.");
        _retries = meter.CreateCounter<long>("consentledger.messaging.retries", "{attempt}", "Attempts to handle a message that failed and are repeated.");
        _parked = meter.CreateCounter<long>("consentledger.messaging.parked", "{message}", "Messages put aside for a person to look at.");
        meter.CreateObservableGauge("consentledger.messaging.relay_lag", () => Volatile.Read(ref _lag) is long lag ? [new Measurement<long>(lag)] : Array.Empty<Measurement<long>>(), "{event}",
            "Committed events the relay has not published yet; said by the one replica that publishes.");
        meter.CreateObservableGauge("consentledger.messaging.relay_aside", () => Volatile.Read(ref _aside), "{tenant}", "Tenants whose next event the relay cannot translate.");
    }

    internal void Published(string exchange, bool routed)
    {
        _published.Add(1, new KeyValuePair<string, object?>("exchange", exchange));
        if (!routed) _unroutable.Add(1, new KeyValuePair<string, object?>("exchange", exchange));
    }

    internal void PublishFailed(string exchange) => _failures.Add(1, new KeyValuePair<string, object?>("exchange", exchange));

    internal void Consumed(string queue) => _consumed.Add(1, new KeyValuePair<string, object?>("queue", queue));

    internal void Retried(string queue) => _retries.Add(1, new KeyValuePair<string, object?>("queue", queue));

    internal void Parked(string queue, string code) =>
        _parked.Add(1, new KeyValuePair<string, object?>("queue", queue), new KeyValuePair<string, object?>("code", code));

    /// <param name="events">Null in a replica that does not publish.</param>
    internal void Lags(long? events) => Volatile.Write(ref _lag, events);

    /// <param name="tenants">Since the relay's run began.</param>
    internal void LeftAside(int tenants) => Volatile.Write(ref _aside, tenants);
}
