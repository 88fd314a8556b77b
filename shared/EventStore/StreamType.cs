using System.Text.Json;

namespace ConsentLedger.EventStore;

/// <summary>A kind of stream: how its state starts and how each event changes it. Pure and synchronous.</summary>
public abstract class StreamType(Type state, object initial)
{
    /// <summary>What <c>mt_streams.type</c> says of such a stream: the alias that Marten gives its state. For people; nothing is decided by it.</summary>
    public string Name { get; } = JsonNamingPolicy.SnakeCaseLower.ConvertName(state.Name);

    public Type State { get; } = state;

    internal object Initial { get; } = initial;

    internal abstract object Evolve(object state, object facts, EventPlace place);
}

/// <inheritdoc/>
public sealed class StreamType<TState>(TState initial, Func<TState, object, EventPlace, TState> evolve) : StreamType(typeof(TState), initial)
    where TState : class
{
    internal override object Evolve(object state, object facts, EventPlace place) => evolve((TState)state, facts, place);

    /// <summary>The state after one more event.</summary>
    public TState After(TState state, object facts, EventPlace place) => evolve(state, facts, place);

    /// <summary>The state after these events of one stream, in version order.</summary>
    public TState Replay(IEnumerable<StoredEvent> events, EventCatalog catalog) =>
        events.Aggregate((TState)Initial, (state, e) => evolve(state, catalog.Decode(e), e.Place));

    /// <summary>The state before the first event, for whoever looks at what each event changes.</summary>
    public TState Before => (TState)Initial;
}
