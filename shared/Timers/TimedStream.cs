using ConsentLedger.EventStore;

namespace ConsentLedger.Timers;

/// <summary>What happens to a stream at a moment unless something else happens to it before.</summary>
/// <param name="At">Nothing happens earlier, and as soon after it as may be.</param>
/// <param name="Event">The facts of the event that is then recorded. It must end what it comes from: after it, the state no longer has this.</param>
public readonly record struct Due(DateTimeOffset At, object Event);

/// <summary>A kind of stream to which time does something. What falls due is read from the state alone, so whatever changes the state changes that too.</summary>
public abstract class TimedStream(StreamType type, int rule)
{
    public StreamType Type { get; } = type;

    internal int Rule { get; } = rule;

    /// <summary>Other streams of the tenant that <see cref="Completing"/> reads.</summary>
    public Func<TenantId, IReadOnlyList<(StreamKey Stream, StreamType Type)>> Reads { get; init; } = _ => [];

    /// <summary>Gives the events what only other streams say. It may leave one out that another one of them makes idle, but none that would still be due.</summary>
    public Func<Decision, StreamKey, DecisionContext, Decision> Completing { get; init; } = (decision, _, _) => decision;

    /// <summary>When the first of what the state has falls due, in the whole milliseconds that the ledger's clock has; null where it has nothing.</summary>
    internal abstract DateTimeOffset? NextOf(object state);

    /// <summary>What a stream's state has now, and the version that it is of.</summary>
    internal abstract Task<(DateTimeOffset? Next, long Version)> ReadAsync(StreamKey stream, StateReader reader, CancellationToken ct);

    /// <summary>As <see cref="ReadAsync(StreamKey, StateReader, CancellationToken)"/>, of many: those that have anything.</summary>
    internal abstract Task<IReadOnlyList<(StreamKey Stream, DateTimeOffset Next)>> ReadAsync(IReadOnlyCollection<StreamKey> streams, StateReader reader, CancellationToken ct);

    /// <summary>
    /// Records what has fallen due, and nothing where nothing has. It has no id, because the state says all: an answer that was lost, another process that was
    /// faster and a stream that changed meanwhile all show in it, and a clock that was set back leaves no answer that would keep the next try out.
    /// </summary>
    internal abstract Command Fire(StreamKey stream);
}

/// <inheritdoc/>
/// <param name="timers">Everything that the state has, in any order. Pure, and cheap: it is asked before and after every change.</param>
/// <param name="rule">To be raised whenever <paramref name="timers"/> finds something else in states that there are already: then every stream is looked at once.</param>
public sealed class TimedStream<TState>(StreamType<TState> type, Func<TState, IEnumerable<Due>> timers, int rule = 1) : TimedStream(type, rule)
    where TState : class
{
    /// <summary>One act of time records no more. What else is due follows in the next one.</summary>
    public const int MaxAtOnce = 100;

    /// <summary>The events that have fallen due by now, each as the ones before it leave the state.</summary>
    public Decision Decide(TState state, long version, DateTimeOffset now)
    {
        var fallen = new List<object>();
        while (fallen.Count < MaxAtOnce && First(state) is { } due && due.At <= now)
        {
            fallen.Add(due.Event);

            // The position is not known yet, and this state goes no further than the next look at it.
            state = type.After(state, due.Event, new EventPlace(-1, version + fallen.Count, now));
            if (timers(state).Contains(due)) throw new InvalidOperationException($"{due.Event.GetType().Name} does not end what it falls due for: it would be recorded for ever.");
        }

        return fallen.Count == 0 ? Decision.Unchanged : Decision.Of(fallen);
    }

    internal override Command Fire(StreamKey stream) =>
        new(stream, type, Id: null, default, context => Completing(Decide(context.State<TState>(), context.Version, context.Now), stream, context)) { Reads = Reads(stream.Tenant) };

    internal override DateTimeOffset? NextOf(object state) => First((TState)state) is { } due ? UpToMilliseconds(due.At) : null;

    internal override async Task<(DateTimeOffset? Next, long Version)> ReadAsync(StreamKey stream, StateReader reader, CancellationToken ct)
    {
        var (state, version) = await reader.ReadAsync(stream, type, ct);
        return (NextOf(state), version);
    }

    internal override async Task<IReadOnlyList<(StreamKey Stream, DateTimeOffset Next)>> ReadAsync(IReadOnlyCollection<StreamKey> streams, StateReader reader, CancellationToken ct)
    {
        var states = await reader.ReadAsync(streams, type, ct);
        return [.. states.Select(s => (s.Key, Next: NextOf(s.Value))).Where(s => s.Next is not null).Select(s => (s.Key, s.Next!.Value))];
    }

    private Due? First(TState state)
    {
        Due? first = null;
        foreach (var due in timers(state))
            if (first is null || due.At < first.Value.At) first = due;
        return first;
    }

    private static DateTimeOffset UpToMilliseconds(DateTimeOffset moment)
    {
        var beyond = moment.UtcTicks % TimeSpan.TicksPerMillisecond;
        return new DateTimeOffset(beyond == 0 ? moment.UtcTicks : moment.UtcTicks - beyond + TimeSpan.TicksPerMillisecond, TimeSpan.Zero);
    }
}
