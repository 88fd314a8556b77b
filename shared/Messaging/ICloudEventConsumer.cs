using ConsentLedger.Contracts;

namespace ConsentLedger.Messaging;

/// <summary>
/// Handles the messages of one queue. Returning acknowledges; delivery is at least once, so a version it already has is passed over.
/// Throw <see cref="ParkException"/> for what can never be handled. An outage (of the store, the broker, or an HTTP service) is waited out;
/// anything else is tried a few times and then parked.
/// </summary>
public interface ICloudEventConsumer
{
    Task ConsumeAsync(CloudEvent message, CancellationToken ct);
}

/// <summary>A consumer whose senders wait for an answer.</summary>
public interface ICommandConsumer : ICloudEventConsumer
{
    /// <summary>Tells the sender that its message was parked. May be told twice.</summary>
    Task RefuseAsync(ParkedCommand command, CancellationToken ct);
}

/// <summary>A command that is kept aside instead of carried out.</summary>
/// <param name="Id">Its id, where that much could be read.</param>
/// <param name="Source">Its sender, where that much could be read; without it there is nobody to answer.</param>
/// <param name="Tenant">From the routing key, which the broker holds its sender to.</param>
public sealed record ParkedCommand(string Code, string Reason, string? Id, string? Source, string? Tenant);

/// <summary>This message can never be handled: it goes to <c>queue.parked</c> at once.</summary>
/// <param name="code">Stable, for programs.</param>
/// <param name="reason">A sentence for people, without anything personal.</param>
public sealed class ParkException(string code, string reason) : Exception(reason)
{
    public string Code { get; } = code;
}

/// <summary>The broker cannot be reached, or did not confirm in time: what was sent may or may not be there.</summary>
public sealed class BrokerUnavailableException(string reason, Exception? inner = null) : Exception(reason, inner);
