using ConsentLedger.Contracts;
using ConsentLedger.EventStore;

namespace ConsentLedger.Messaging;

/// <summary>What one service publishes and consumes, said once in its <c>Program.cs</c>.</summary>
public sealed class BusPlan
{
    internal Publication? Publication { get; private set; }

    internal List<Consumption> Consumptions { get; } = [];

    /// <summary>Relays the service's committed events to a topic exchange, in order, each under its type.</summary>
    /// <param name="translate">From the ledger's event to the contract; null for events that are nobody else's business.</param>
    public BusPlan Publishes(string exchange, Func<StoredEvent, CloudEvent?> translate)
    {
        Publication = new Publication(exchange, translate);
        return this;
    }

    /// <summary>
    /// Consumes messages of many subjects at once, those of one subject in the order of publication, on one replica at a time. One that names no subject, such as
    /// a policy, is handled alone in its tenant. A delivery that is repeated may come out of order, so the consumer goes by versions or does not mind.
    /// </summary>
    /// <param name="bindings">Types, or patterns of types such as <c>consent.#</c>.</param>
    public BusPlan Consumes<TConsumer>(string queue, string from, params IReadOnlyList<string> bindings)
        where TConsumer : class, ICloudEventConsumer
    {
        Consumptions.Add(new Consumption(queue, from, bindings, typeof(TConsumer), AreCommands: false));
        return this;
    }

    /// <summary>Consumes commands as <see cref="Consumes"/> does, on every replica at once, and answers what it cannot read.</summary>
    /// <param name="queue">Bound to the exchange of the same name.</param>
    public BusPlan ConsumesCommands<TConsumer>(string queue)
        where TConsumer : class, ICommandConsumer
    {
        Consumptions.Add(new Consumption(queue, queue, ["#"], typeof(TConsumer), AreCommands: true));
        return this;
    }
}

internal sealed record Publication(string Exchange, Func<StoredEvent, CloudEvent?> Translate);

internal sealed record Consumption(string Queue, string From, IReadOnlyList<string> Bindings, Type Consumer, bool AreCommands)
{
    public bool OnOneReplica => !AreCommands;

    public string ParkedQueue => Topology.ParkedQueueOf(Queue);
}
