using ConsentLedger.Contracts;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace ConsentLedger.Messaging;

/// <summary>
/// What exists on the broker, declared by whoever uses it, each time a channel is opened: harmless where it is there already, and a broker that
/// lost its state has it back within a second.
/// </summary>
internal static class Topology
{
    public static string ParkedQueueOf(string queue) => $"{queue}.parked";

    public static Task DeclareExchangeAsync(IChannel channel, string exchange, CancellationToken ct) =>
        channel.ExchangeDeclareAsync(exchange, exchange is Exchanges.ConsentReplies or Exchanges.ErasureReplies ? ExchangeType.Direct : ExchangeType.Topic, durable: true, autoDelete: false, cancellationToken: ct);

    public static async Task DeclareAsync(IConnection connection, IChannel channel, Consumption consumption, CancellationToken ct)
    {
        await DeclareParkedQueueAsync(channel, consumption.Queue, ct);
        if (consumption.AreCommands || !await ExistsAsync(connection, consumption.From, ct)) await DeclareExchangeAsync(channel, consumption.From, ct);

        // Senders listen for answers before the first is given, and may only ask for it, not make it.
        if (consumption.AreCommands) await DeclareExchangeAsync(channel, Exchanges.RepliesTo(consumption.From), ct);
        await channel.QueueDeclareAsync(consumption.Queue, durable: true, exclusive: false, autoDelete: false, ArgumentsOf(consumption), cancellationToken: ct);
        foreach (var binding in consumption.Bindings)
            await channel.QueueBindAsync(consumption.Queue, consumption.From, binding, cancellationToken: ct);
    }

    public static Task DeclareParkedQueueAsync(IChannel channel, string queue, CancellationToken ct) =>
        channel.QueueDeclareAsync(ParkedQueueOf(queue), durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }, cancellationToken: ct);

    /// <summary>
    /// A broker that gives up on a message (RabbitMQ 4 does after 20 deliveries, as when its reader dies again and again) must not drop it:
    /// it goes where the other messages that need a person are.
    /// </summary>
    public static Dictionary<string, object?> ArgumentsOf(Consumption consumption)
    {
        var arguments = new Dictionary<string, object?>
        {
            ["x-queue-type"] = "quorum",
            ["x-dead-letter-exchange"] = "",
            ["x-dead-letter-routing-key"] = consumption.ParkedQueue,
            ["x-dead-letter-strategy"] = "at-least-once",
            ["x-overflow"] = "reject-publish",
        };
        if (consumption.OnOneReplica) arguments["x-single-active-consumer"] = true;
        return arguments;
    }

    // Another service's. To ask needs no right; whoever may declare an exchange may also delete it. A no closes the channel that asked.
    private static async Task<bool> ExistsAsync(IConnection connection, string exchange, CancellationToken ct)
    {
        await using var asking = await connection.CreateChannelAsync(cancellationToken: ct);
        try
        {
            await asking.ExchangeDeclarePassiveAsync(exchange, ct);
            return true;
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == Constants.NotFound)
        {
            return false;
        }
    }
}
