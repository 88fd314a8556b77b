using System.Diagnostics;
using ConsentLedger.Contracts;
using ConsentLedger.Resilience;
using Microsoft.Extensions.Logging;
using Polly;

namespace ConsentLedger.Messaging.Receiving;

/// <summary>
/// What happens to each delivery of one queue, whoever delivers it: read, handle, and in the end either handled or parked. When this returns, the
/// delivery may be acknowledged; when it is cancelled, nothing is settled and the broker delivers again.
/// </summary>
internal sealed class Reception : IAsyncDisposable
{
    /// <summary>How many messages of a queue are handled at the same time.</summary>
    public const int AtOnce = 128;

    private readonly ICloudEventConsumer _consumer;
    private readonly Parking _parking;
    private readonly MessagingMetrics _metrics;
    private readonly ILogger<Reception> _log;
    private readonly ResiliencePipeline _throughOutages;
    private readonly ResiliencePipeline _aFewTimes;

    public Reception(Consumption consumption, ICloudEventConsumer consumer, Parking parking, MessagingMetrics metrics, Remotes remotes, ILogger<Reception> log)
    {
        (Consumption, _consumer, _parking, _metrics, _log) = (consumption, consumer, parking, metrics, log);
        _throughOutages = remotes.Repeating(MessagingRegistration.Handling, "outage", Outages.Is, TellOfRetry);
        _aFewTimes = remotes.Calling(MessagingRegistration.Handling, IsWorthAnotherTry, tell: TellOfRetry, what: "try");
    }

    public Consumption Consumption { get; }

    public SubjectLanes Lanes { get; } = new(AtOnce);

    /// <summary>
    /// Whom a delivery waits for. Only an event that says so concerns its whole tenant, as a policy does. A command is its sender's word, so it waits among those
    /// of the tenant it was published under; and what names nobody, or cannot be read, waits for nobody.
    /// </summary>
    public (string? Tenant, string? Subject) LaneOf(ReceivedMessage delivery, CloudEvent? message, ulong number) =>
        (Consumption.AreCommands ? delivery.Tenant : message?.Tenant, message is null || (Consumption.AreCommands && message.Subject is null) ? $"delivery {number}" : message.Subject);

    public async Task ReceiveAsync(ReceivedMessage delivery, CloudEvent? message, CloudEventFault? fault, CancellationToken ct)
    {
        using var span = StartSpan(message?.TraceParent ?? delivery.TraceParent);
        fault ??= Consumption.AreCommands ? MisroutedFault(delivery, message!) : null;
        fault ??= await HandleAsync(message!, ct);
        if (fault is null)
        {
            _metrics.Consumed(Consumption.Queue);
            return;
        }

        await _throughOutages.ExecuteAsync(async ct => await _parking.ParkAsync(delivery, fault.Code, fault.Reason, ct), ct);
        _metrics.Parked(Consumption.Queue, fault.Code);
        _log.Parked(Consumption.Queue, fault.Code, fault.Reason);
        await AnswerAsync(delivery, fault, ct);
    }

    public ValueTask DisposeAsync()
    {
        Lanes.Dispose();
        return _parking.DisposeAsync();
    }

    // Null when it was handled, and otherwise why not.
    private async Task<CloudEventFault?> HandleAsync(CloudEvent message, CancellationToken ct)
    {
        try
        {
            await _throughOutages.ExecuteAsync(
                async ct => await _aFewTimes.ExecuteAsync(async ct => await _consumer.ConsumeAsync(message, ct), ct), ct);
            return null;
        }
        catch (ParkException e)
        {
            return new CloudEventFault(e.Code, e.Message, message.Id, message.Source);
        }
        catch (UnreadableDataException e)
        {
            return new CloudEventFault(UnreadableDataException.Code, e.Message, message.Id, message.Source);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            return new CloudEventFault("unhandled", $"The consumer failed several times: {e.GetType().Name}.", message.Id, message.Source);
        }
    }

    private async Task AnswerAsync(ReceivedMessage delivery, CloudEventFault fault, CancellationToken ct)
    {
        if (!Consumption.AreCommands || _consumer is not ICommandConsumer answering) return;
        var command = new ParkedCommand(fault.Code, fault.Reason, fault.Id, fault.Source, delivery.Tenant.Length > 0 ? delivery.Tenant : null);
        try
        {
            await _throughOutages.ExecuteAsync(async ct => await answering.RefuseAsync(command, ct), ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            // It is parked, with the reason on it; only its sender does not know yet.
            _log.NotAnswered(Consumption.Queue, e.Kind());
        }
    }

    // The broker lets a sender publish under its own tenant only. The envelope must not say another.
    private static CloudEventFault? MisroutedFault(ReceivedMessage delivery, CloudEvent message) =>
        delivery.PublishedUnder == $"{message.Tenant}.{message.Type}"
            ? null
            : new CloudEventFault("routing_key_mismatch", "The routing key of a command is its tenant, a dot and its type.", message.Id, message.Source);

    // Without a listener there is no span, but the trace goes on: what the handler records or sends still names it.
    private Activity StartSpan(string? traceParent)
    {
        ActivityContext.TryParse(traceParent, null, isRemote: true, out var cause);
        Activity.Current = null;
        var name = $"process {Consumption.Queue}";
        var span = MessagingMetrics.Spans.StartActivity(name, ActivityKind.Consumer, cause);
        if (span is null)
        {
            span = new Activity(name);
            if (cause != default) span.SetParentId(cause.TraceId, cause.SpanId, cause.TraceFlags);
            span.Start();
        }

        return span.SetTag("messaging.system", "rabbitmq").SetTag("messaging.destination.name", Consumption.Queue);
    }

    private static bool IsWorthAnotherTry(Exception e) =>
        e is not (ParkException or UnreadableDataException or OperationCanceledException) && !Outages.Is(e, CancellationToken.None);

    private void TellOfRetry(Retry retry)
    {
        _metrics.Retried(Consumption.Queue);
        _log.HandlingFailed(Consumption.Queue, retry.Exception?.Kind() ?? "", retry.Attempt, retry.Delay.TotalMilliseconds);
    }
}
