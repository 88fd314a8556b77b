using ConsentLedger.Ledger;

namespace ConsentLedger.EventStore;

/// <summary>What a loop believes: its tenant's head and the states of its streams, the batch in flight included. Never the truth, only a good guess at it.</summary>
internal sealed class Memory(TenantId tenant, EventCatalog catalog)
{
    private const int MaxStreams = 100_000;

    private readonly Dictionary<StreamKey, (object State, long Version, Hash Leaf)> _streams = [];

    public bool IsFull => _streams.Count >= MaxStreams;

    public TenantId Tenant => tenant;

    public EventCatalog Catalog => catalog;

    public Head? Head { get; set; }

    /// <summary>The tenant's tree up to the last batch that was closed; the head may be ahead of it by what is being decided.</summary>
    public Frontier Tree { get; set; } = Frontier.Empty;

    public bool Knows(StreamKey stream) => _streams.ContainsKey(stream);

    public (object State, long Version) StateOf(StreamKey stream)
    {
        var (state, version, _) = _streams[stream];
        return (state, version);
    }

    /// <summary>Of the stream's last entry; zero before its first.</summary>
    public Hash LeafOf(StreamKey stream) => _streams[stream].Leaf;

    public void Remember(StreamKey stream, object state, long version, Hash leaf) => _streams[stream] = (state, version, leaf);

    public void Forget()
    {
        Head = null;
        _streams.Clear();
    }
}

/// <summary>What must be read before some commands can be decided.</summary>
internal sealed record Needs(bool Head, IReadOnlyDictionary<StreamKey, StreamType> Types)
{
    public bool Any => Head || Types.Count > 0;

    public IReadOnlyCollection<StreamId> Streams => [.. Types.Keys.Select(s => s.Id)];

    public static Needs Of(IReadOnlyList<Pending> commands, Memory memory)
    {
        var types = new Dictionary<StreamKey, StreamType>();
        foreach (var (command, _) in commands)
        {
            if (!memory.Knows(command.Stream)) types.TryAdd(command.Stream, command.Type);
            foreach (var (stream, type) in command.Reads)
                if (!memory.Knows(stream)) types.TryAdd(stream, type);
        }

        return new Needs(memory.Head is null, types);
    }
}

/// <summary>A caller waiting for its command.</summary>
internal sealed class Pending(Command command)
{
    public Command Command => command;

    public TaskCompletionSource<Outcome> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Deconstruct(out Command command, out TaskCompletionSource<Outcome> answer) => (command, answer) = (Command, Answer);
}
