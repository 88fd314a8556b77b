using System.Diagnostics;
using ConsentLedger.Contracts;
using ConsentLedger.EventStore;
using ConsentLedger.Resilience;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;

namespace ConsentLedger.Messaging.Publishing;

/// <summary>
/// The event log is the outbox; this empties it. Events go out in the order of their positions, and the checkpoint moves when the broker has
/// confirmed them: a crash before that publishes some of them again, and none is ever passed over.
/// </summary>
internal sealed class Relay(
    IEventEngine engine, Publication publication, BrokerConnection broker, MessagingMetrics metrics, Remotes remotes, TimeProvider clock, ILogger<Relay> log) : BackgroundService
{
    private static readonly TimeSpan LagInterval = TimeSpan.FromSeconds(5);

    private readonly Subscription _outbox = new(engine, "relay", clock);

    private string Exchange => publication.Exchange;

    // Publishing again is harmless, everybody who listens knows positions; giving up is not. So it never ends by itself.
    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        var measuring = MeasureLagAsync(stopping);
        await remotes.KeepGoingAsync(MessagingRegistration.Relay, "publish", PublishAsync, TellOfFailure, stopping);
        await measuring;
    }

    /// <summary>
    /// Over one channel, which any failure ends, and this with it. The next run begins on a fresh one, at the first event that was not confirmed: however many were under way,
    /// what comes after a lost one is published again behind it. A tenant with an event that this release cannot translate waits, at that event, for one that can: no other waits with it.
    /// </summary>
    private async Task PublishAsync(CancellationToken ct)
    {
        ConfirmingChannel? channel = null;
        var aside = 0;
        metrics.LeftAside(aside);
        try
        {
            await _outbox.RunAheadAsync(
                async (events, running) =>
                {
                    List<Confirm> confirms = [];
                    var written = 0;
                    await InTimeAsync(
                        async limited =>
                        {
                            channel ??= await ConfirmingChannel.OpenAsync(await broker.GetAsync(limited), DeclareAsync, limited);
                            for (; written < events.Count && TryTranslate(events[written], out var message); written++)
                                if (message is not null) confirms.Add(await WriteAsync(channel, events[written], message, limited));
                        },
                        running);
                    if (written < events.Count) metrics.LeftAside(++aside);
                    return new Begun(written, ConfirmedAsync(confirms, running));
                },
                ct);
        }
        finally
        {
            if (channel is not null) await channel.DisposeAsync();
        }
    }

    private bool TryTranslate(StoredEvent e, out CloudEvent? message)
    {
        try
        {
            message = publication.Translate(e);
            return true;
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            log.LeftAside(Exchange, e.Stream.Tenant.ToString(), e.Type, e.Place.Position, fault.Kind());
            message = null;
            return false;
        }
    }

    private Task DeclareAsync(IChannel channel, CancellationToken ct) => Topology.DeclareExchangeAsync(channel, Exchange, ct);

    private async Task<Confirm> WriteAsync(ConfirmingChannel channel, StoredEvent e, CloudEvent message, CancellationToken ct)
    {
        using var span = StartSpan(e, message.Type);
        message = message with { TraceParent = span?.Id ?? e.TraceParent };
        return await channel.WriteAsync(message.ToMessage(Exchange, message.Type), ct);
    }

    private async Task ConfirmedAsync(List<Confirm> confirms, CancellationToken ct)
    {
        // The limit is for the next one and not for all of them: a broker that is slow gets through them. Confirmed and yet in no queue: nobody has asked for this type so far.
        // It stays in the log, and the relay goes on.
        foreach (var confirm in confirms) metrics.Published(Exchange, await confirm.Task.WaitAsync(ConfirmedPublisher.Limit, clock, ct));
    }

    private async Task InTimeAsync(Func<CancellationToken, Task> work, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(ConfirmedPublisher.Limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            await work(either.Token);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new BrokerUnavailableException("The broker did not take it in time.", e);
        }
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

    private void TellOfFailure(Retry retry)
    {
        if (retry.Exception is not StoreUnavailableException) metrics.PublishFailed(Exchange);
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
