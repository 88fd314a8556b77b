using System.Diagnostics;
using ConsentLedger.EventStore;
using ConsentLedger.Resilience;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Polly;

namespace ConsentLedger.Messaging.Publishing;

/// <summary>
/// The event log is the outbox; this empties it. Events go out in the order of their positions, and the checkpoint moves when the broker has
/// confirmed them: a crash before that publishes some of them again, and none is ever passed over.
/// </summary>
internal sealed class Relay(
    IEventEngine engine, Publication publication, BrokerConnection broker, MessagingMetrics metrics, Remotes remotes, TimeProvider clock, ILogger<Relay> log) : BackgroundService
{
    private const int MaxOutstanding = 256;
    private static readonly TimeSpan LagInterval = TimeSpan.FromSeconds(5);

    private readonly Subscription _outbox = new(engine, "relay", clock);
    private readonly ConfirmedPublisher _publisher = new(broker, clock, (channel, ct) => Topology.DeclareExchangeAsync(channel, publication.Exchange, ct));

    // Publishing again is harmless, everybody who listens knows positions; giving up is not. So it never ends by itself.
    private ResiliencePipeline UntilConfirmed => field ??= remotes.Repeating(MessagingRegistration.Relay, "publish", (e, _) => e is not OperationCanceledException, TellOfRetry);

    private string Exchange => publication.Exchange;

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        var measuring = MeasureLagAsync(stopping);
        await remotes.KeepGoingAsync(
            MessagingRegistration.Relay, "follow", ct => _outbox.RunAsync(PublishAsync, ct), retry => log.RelayStopped(Exchange, retry.Exception?.Kind() ?? "", retry.Delay.TotalMilliseconds), stopping);
        await measuring;
        await _publisher.DisposeAsync();
    }

    private async Task PublishAsync(IReadOnlyList<StoredEvent> events, CancellationToken ct)
    {
        foreach (var batch in events.Chunk(MaxOutstanding))
        {
            var confirmed = 0;
            await UntilConfirmed.ExecuteAsync(
                async ct => await _publisher.InTimeAsync(limited => PublishAsync(batch.AsMemory(confirmed), () => confirmed++, limited), ct), ct);
        }
    }

    private async Task PublishAsync(ReadOnlyMemory<StoredEvent> events, Action confirmed, CancellationToken ct)
    {
        var confirms = new List<Confirm?>(events.Length);
        for (var i = 0; i < events.Length; i++) confirms.Add(await WriteAsync(events.Span[i], ct));
        foreach (var confirm in confirms)
        {
            // Confirmed and yet in no queue: nobody has asked for this type so far. It stays in the log, and the relay goes on.
            if (confirm is not null) metrics.Published(Exchange, await confirm.Task.WaitAsync(ct));
            confirmed();
        }
    }

    private async Task<Confirm?> WriteAsync(StoredEvent e, CancellationToken ct)
    {
        if (publication.Translate(e) is not { } message) return null;
        using var span = StartSpan(e, message.Type);
        message = message with { TraceParent = span?.Id ?? e.TraceParent };
        return await _publisher.WriteAsync(message.ToMessage(Exchange, message.Type), ct);
    }

    private Activity? StartSpan(StoredEvent e, string type)
    {
        ActivityContext.TryParse(e.TraceParent, null, isRemote: true, out var cause);
        var span = MessagingMetrics.Spans.StartActivity($"publish {Exchange}", ActivityKind.Producer, cause);
        span?.SetTag("messaging.system", "rabbitmq");
        span?.SetTag("messaging.destination.name", Exchange);
        span?.SetTag("messaging.rabbitmq.destination.routing_key", type);
        span?.SetTag("messaging.message.id", e.Id);
        return span;
    }

    private void TellOfRetry(Retry retry)
    {
        metrics.PublishFailed(Exchange);
        log.PublishFailed(Exchange, retry.Exception?.Kind() ?? "", retry.Attempt, retry.Delay.TotalMilliseconds);
    }

    // Asked of the log and not of what was published: a relay that never reached the broker lags most. A replica that waits for its turn has nothing to say.
    private async Task MeasureLagAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(LagInterval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                try
                {
                    metrics.Lags(await _outbox.ReadLagAsync(stopping));
                }
                catch (StoreUnavailableException)
                {
                    // The last measure stands until there is another.
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested) { }
    }
}
