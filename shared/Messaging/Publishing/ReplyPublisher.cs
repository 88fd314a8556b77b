using System.Diagnostics;
using ConsentLedger.Contracts;
using ConsentLedger.EventStore;
using ConsentLedger.Messaging.Publishing;

namespace ConsentLedger.Messaging;

/// <summary>Answers commands, where their senders listen: see <see cref="Exchanges.RepliesTo"/>.</summary>
public sealed class ReplyPublisher : IAsyncDisposable
{
    private readonly ConfirmedPublisher _publisher;
    private readonly MessagingMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly string _exchange;

    internal ReplyPublisher(string exchange, BrokerConnection broker, MessagingMetrics metrics, TimeProvider clock)
    {
        (_exchange, _metrics, _clock) = (exchange, metrics, clock);
        _publisher = new ConfirmedPublisher(broker, clock, (channel, ct) => Topology.DeclareExchangeAsync(channel, exchange, ct));
    }

    /// <summary>Tells a command's sender how it ended. Meant to be called while the command is not acknowledged yet.</summary>
    /// <param name="us">The service that answers.</param>
    /// <exception cref="BrokerUnavailableException"/>
    public Task AnswerAsync(CloudEvent command, Outcome outcome, string us, CancellationToken ct)
    {
        var answer = outcome switch
        {
            Outcome.Recorded recorded => Answer(CommandRecordedV1.Type, new CommandRecordedV1(command.Id, command.Source, "recorded", recorded.Position, recorded.Version, recorded.Note), us),
            Outcome.Unchanged unchanged => Answer(CommandRecordedV1.Type, new CommandRecordedV1(command.Id, command.Source, "unchanged", null, unchanged.Version), us),
            Outcome.Refused { Refusal: var no } => Refusal(no.Code, no.Reason, command.Id, command.Source, us),
            Outcome.IdReused => Refusal("command_id_reused", "The same source and id came before, with another command.", command.Id, command.Source, us),
            _ => throw new InvalidOperationException($"A command without an expected version ended as {outcome.GetType().Name}."),
        };
        return PublishAsync(answer with { Tenant = command.Tenant, Subject = command.Subject }, command.Source, ct);
    }

    /// <summary>Tells a command's sender that it was parked, where it is known who that is.</summary>
    /// <inheritdoc cref="AnswerAsync"/>
    public Task RefuseAsync(ParkedCommand command, string us, CancellationToken ct) =>
        command.Source is { } source ? PublishAsync(Refusal(command.Code, command.Reason, command.Id, source, us) with { Tenant = command.Tenant }, source, ct) : Task.CompletedTask;

    /// <summary>Returns when the broker has the answer, or knows that nobody listens for it. Meant to be called while the command is not acknowledged yet.</summary>
    /// <param name="routingKey">The <c>source</c> of the command.</param>
    /// <exception cref="BrokerUnavailableException">It was not confirmed within ten seconds.</exception>
    public async Task PublishAsync(CloudEvent reply, string routingKey, CancellationToken ct)
    {
        reply = reply with { TraceParent = Activity.Current?.Id ?? reply.TraceParent };
        _metrics.Published(_exchange, await _publisher.PublishAsync(reply.ToMessage(_exchange, routingKey), ct));
    }

    private CloudEvent Refusal(string code, string reason, string? id, string source, string us) => Answer(CommandRefusedV1.Type, new CommandRefusedV1(source, "refused", code, reason, id), us);

    private CloudEvent Answer<T>(string type, T data, string us)
        where T : notnull
    {
        var now = _clock.GetUtcNow();
        return new CloudEvent { Id = Guid.CreateVersion7(now).ToString(), Source = us, Type = type, Time = now, Data = CloudEvent.DataFrom(data) };
    }

    public ValueTask DisposeAsync() => _publisher.DisposeAsync();
}
