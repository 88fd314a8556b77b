namespace ConsentLedger.EventStore;

/// <summary>One batch being decided: states on top of what the loop remembers, and everything that will be written. No I/O.</summary>
internal sealed class Work(
    Dictionary<StreamKey, StreamType> types,
    IEventTransaction transaction,
    DateTimeOffset clock,
    Func<StreamKey, (object State, long Version)?> recall,
    EventCatalog catalog)
{
    private readonly Dictionary<StreamKey, (object State, long Version)> _states = [];
    private readonly Dictionary<StreamKey, long> _startedAt = [];
    private readonly Dictionary<TenantId, Head> _heads = transaction.Heads.ToDictionary();
    private readonly Dictionary<CommandKey, Remembered> _outcomes = [];
    private readonly List<AppendedEvent> _events = [];
    private readonly List<(Pending Pending, Outcome? Outcome, Exception? Bug)> _answers = [];

    // Whole milliseconds, because that is what an entry of the ledger keeps.
    private readonly DateTimeOffset _now = DateTimeOffset.FromUnixTimeMilliseconds(clock.ToUnixTimeMilliseconds());

    public IReadOnlyDictionary<TenantId, Head> Heads => _heads;

    public IReadOnlyDictionary<StreamKey, (object State, long Version)> States => _states;

    public bool HasSomethingToWrite => _outcomes.Count > 0;

    public void Load(IReadOnlyList<StoredEvent> events)
    {
        foreach (var e in events)
        {
            var type = types[e.Stream];
            var state = _states.TryGetValue(e.Stream, out var known) ? known.State : type.Initial;
            _states[e.Stream] = (type.Evolve(state, catalog.Decode(e), e.Place), e.Place.Version);
        }
    }

    public void CarryOut(Pending pending)
    {
        var command = pending.Command;
        if (transaction.Remembered.TryGetValue(pending.Key, out var first) || _outcomes.TryGetValue(pending.Key, out first))
        {
            _answers.Add((pending, first.Body == command.Body ? first.Outcome : new Outcome.IdReused(), null));
            return;
        }

        var version = Read(command.Stream).Version;
        if (command.ExpectedVersion is { } expected && expected != version)
        {
            _answers.Add((pending, new Outcome.Conflict(version), null));
            return;
        }

        try
        {
            var head = _heads[command.Stream.Tenant];
            var now = _now > head.RecordedAt ? _now : head.RecordedAt;
            Outcome outcome = command.Decide(new DecisionContext(now, command.Stream, Read)) switch
            {
                Decision.Record { Events.Count: > 0 } record => Append(command, record, now, version),
                Decision.Refuse refuse => new Outcome.Refused(refuse.Refusal),
                _ => new Outcome.Unchanged(version),
            };
            _outcomes.Add(pending.Key, new Remembered(command.Body, outcome));
            _answers.Add((pending, outcome, null));
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            // One command's bug must not fail its neighbours in the batch. Append changes nothing before its last step.
            _answers.Add((pending, null, bug));
        }
    }

    public Batch ToBatch() => new(
        _heads,
        _events,
        [.. _startedAt.Select(s => new StreamChange(s.Key, types[s.Key], s.Value, _states[s.Key].Version, _states[s.Key].State))],
        [.. _outcomes.Select(o => (o.Key, o.Value))]);

    public void Answer()
    {
        foreach (var (pending, outcome, bug) in _answers)
            if (bug is null) pending.Answer.TrySetResult(outcome!);
            else pending.Answer.TrySetException(bug);
    }

    private Outcome.Recorded Append(Command command, Decision.Record record, DateTimeOffset now, long version)
    {
        var stream = command.Stream;
        var head = _heads[stream.Tenant];
        var state = Read(stream).State;
        var appended = new List<AppendedEvent>(record.Events.Count);
        foreach (var next in record.Events)
        {
            var place = new EventPlace(head.NextPosition + appended.Count, version + appended.Count + 1, now);
            var stored = new StoredEvent(stream, place, Guid.CreateVersion7(now), catalog.NameOf(next.Facts), EventCatalog.Encode(next.Facts), command.TraceParent);
            var envelope = next.Personal.IsEmpty ? null : SealWith(command)(stream, place.Version, next.Personal.Span);
            state = command.Type.Evolve(state, next.Facts, place);
            appended.Add(new AppendedEvent(stored, next.Facts, envelope));
        }

        _startedAt.TryAdd(stream, version);
        _states[stream] = (state, version + appended.Count);
        _heads[stream.Tenant] = new Head(head.NextPosition + appended.Count, now);
        _events.AddRange(appended);
        return new Outcome.Recorded(version + appended.Count, head.NextPosition, appended.Count, record.Note);
    }

    private static Seal SealWith(Command command) =>
        command.Seal ?? throw new InvalidOperationException("The decision records something personal, but its command brought no key to seal it with.");

    private (object State, long Version) Read(StreamKey stream)
    {
        if (_states.TryGetValue(stream, out var state)) return state;
        state = recall(stream) ?? (types[stream].Initial, 0);
        _states[stream] = state;
        return state;
    }
}
