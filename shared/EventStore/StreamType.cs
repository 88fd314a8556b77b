namespace ConsentLedger.EventStore;

/// <summary>A kind of stream: how its state starts and how each event changes it. Pure and synchronous.</summary>
public abstract class StreamType(string name, object initial)
{
    /// <summary>The name kept in <c>mt_streams.type</c>.</summary>
    public string Name { get; } = name;

    internal object Initial { get; } = initial;

    internal abstract object Evolve(object state, object facts, EventPlace place);
}

/// <inheritdoc/>
public sealed class StreamType<TState>(string name, TState initial, Func<TState, object, EventPlace, TState> evolve) : StreamType(name, initial)
    where TState : class
{
    internal override object Evolve(object state, object facts, EventPlace place) => evolve((TState)state, facts, place);

    /// <summary>The state after these events of one stream, in version order.</summary>
    public TState Replay(IEnumerable<StoredEvent> events, EventCatalog catalog) =>
        events.Aggregate((TState)Initial, (state, e) => evolve(state, catalog.Decode(e), e.Place));
}
