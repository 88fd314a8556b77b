using ConsentLedger.Ledger;

namespace ConsentLedger.EventStore;

/// <summary>One batch being decided: what it will write, and what each caller will hear once that is on disk. No I/O.</summary>
internal sealed class Work(Memory memory)
{
    private readonly Dictionary<StreamKey, (StreamType Type, long Version, object State)> _grown = [];
    private readonly Dictionary<Digest, Remembered> _remembered = [];
    private readonly Dictionary<Digest, Remembered> _outcomes = [];
    private readonly List<AppendedEvent> _events = [];
    private Head? _from;
    private readonly List<(Pending Pending, Outcome? Outcome, Exception? Bug)> _answers = [];

    public int Count => _answers.Count;

    public IReadOnlyList<AppendedEvent> Events => _events;

    public IEnumerable<Pending> Pending => _answers.Select(a => a.Pending);

    /// <summary>True as soon as anything was decided: a refusal too holds only if the head is where it was believed to be.</summary>
    public bool HasSomethingToWrite => _from is not null;

    public void Load(Snapshot snapshot, Needs needs)
    {
        if (needs.Head) (memory.Head, memory.Tree) = (snapshot.Head, snapshot.Tree);
        foreach (var (command, outcome) in snapshot.Remembered) _remembered[command] = outcome;
        foreach (var (stream, type) in needs.Types) memory.Remember(stream, type.Initial, 0, Hash.Zero);
        foreach (var e in snapshot.Events)
            memory.Remember(e.Stream, needs.Types[e.Stream].Evolve(memory.StateOf(e.Stream).State, memory.Catalog.Decode(e), e.Place), e.Place.Version, e.Leaf);
    }

    /// <param name="flying">The batch before, which this one stands on and is answered after.</param>
    public void CarryOut(Pending pending, DateTimeOffset clock, Work? flying = null)
    {
        var command = pending.Command;
        if (command.Id is { } id && (_remembered.TryGetValue(id, out var first) || _outcomes.TryGetValue(id, out first) || flying?._outcomes.TryGetValue(id, out first) is true))
        {
            _answers.Add((pending, first.Body == command.Body ? first.Outcome : new Outcome.IdReused(), null));
            return;
        }

        var head = memory.Head!.Value;
        _from ??= head;
        var version = memory.StateOf(command.Stream).Version;
        if (command.ExpectedVersion is { } expected && expected != version)
        {
            _answers.Add((pending, new Outcome.Conflict(version), null));
            return;
        }

        try
        {
            // Whole milliseconds, because that is what an entry of the ledger keeps.
            var now = DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(clock.ToUnixTimeMilliseconds(), head.RecordedAt.ToUnixTimeMilliseconds()));
            Outcome outcome = command.Decide(new DecisionContext(now, command.Stream, memory.StateOf)) switch
            {
                Decision.Record { Events.Count: > 0 } record => Append(command, record, head, now, version),
                Decision.Refuse refuse => new Outcome.Refused(refuse.Refusal),
                _ => new Outcome.Unchanged(version),
            };
            if (command.Id is { } named) _outcomes.Add(named, new Remembered(command.Body, outcome));
            _answers.Add((pending, outcome, null));
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            // One command's bug must not fail its neighbours in the batch. Append remembers nothing before its last step.
            _answers.Add((pending, null, bug));
        }
    }

    /// <summary>Nothing is decided on it any more: its entries join the tree that the next batch stands on.</summary>
    public Batch Close()
    {
        var growth = memory.Tree.Append(_events.Select(e => e.Event.Leaf).ToArray());
        memory.Tree = growth.After;
        return new Batch(
            memory.Tenant,
            _from!.Value,
            memory.Head!.Value,
            growth,
            _events,
            [.. _grown.Select(s => new StreamChange(s.Key, s.Value.Type, s.Value.Version, memory.StateOf(s.Key).Version, s.Value.State, memory.StateOf(s.Key).State))],
            [.. _outcomes.Select(o => (o.Key, o.Value))]);
    }

    public void Answer()
    {
        foreach (var (pending, outcome, bug) in _answers)
            if (bug is null) pending.Answer.TrySetResult(outcome!);
            else pending.Answer.TrySetException(bug);
    }

    private Outcome.Recorded Append(Command command, Decision.Record record, Head head, DateTimeOffset now, long version)
    {
        var grown = new Dictionary<StreamKey, (StreamType Type, object State, long From, long Version, Hash Leaf)>();
        var appended = new List<AppendedEvent>(record.Events.Count);
        foreach (var next in record.Events)
        {
            var stream = next.Stream ?? command.Stream;
            var (type, before, from, last, previous) = grown.TryGetValue(stream, out var known) ? known : Standing(stream, command);
            var place = new EventPlace(head.NextPosition + appended.Count, last + 1, now);
            var (name, data) = (memory.Catalog.NameOf(next.Facts), EventCatalog.Encode(next.Facts));
            Sealed? part = next.Personal.IsEmpty ? null : SealWith(command)(stream, place.Version, next.Personal.Span);
            var entry = Committing.ToEntry(memory.Catalog.EntryOf(next.Facts), stream.Id, place, previous, name, data, part, next.KeyId);
            var leaf = TreeHash.Leaf(entry.Bytes);
            grown[stream] = (type, type.Evolve(before, next.Facts, place), from, place.Version, leaf);
            appended.Add(new AppendedEvent(
                new StoredEvent(stream, place, Guid.CreateVersion7(now), name, data, command.TraceParent, leaf), next.Facts, entry, part?.Envelope));
        }

        _events.AddRange(appended);
        foreach (var (stream, (type, state, from, last, leaf)) in grown)
        {
            _grown.TryAdd(stream, (type, from, memory.StateOf(stream).State));
            memory.Remember(stream, state, last, leaf);
        }

        memory.Head = new Head(head.NextPosition + appended.Count, now);
        return new Outcome.Recorded(grown.TryGetValue(command.Stream, out var own) ? own.Version : version, head.NextPosition, appended.Count, record.Note);
    }

    private (StreamType Type, object State, long From, long Version, Hash Leaf) Standing(StreamKey stream, Command command)
    {
        var type = stream == command.Stream ? command.Type : command.Reads.First(r => r.Stream == stream).Type;
        if (stream.Tenant != memory.Tenant) throw new InvalidOperationException("A command records events of its own tenant only.");
        var (state, version) = memory.StateOf(stream);
        return (type, state, version, version, memory.LeafOf(stream));
    }

    private static Seal SealWith(Command command) =>
        command.Seal ?? throw new InvalidOperationException("The decision records something personal, but its command brought no key to seal it with.");
}
