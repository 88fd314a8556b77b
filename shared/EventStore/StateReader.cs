namespace ConsentLedger.EventStore;

/// <summary>Reads streams as states, strictly: whatever was acknowledged by any replica before the call is in the answer.</summary>
public sealed class StateReader(IEventEngine engine, EventCatalog catalog)
{
    public async Task<(TState State, long Version)> ReadAsync<TState>(StreamKey stream, StreamType<TState> type, CancellationToken ct)
        where TState : class
    {
        var events = await engine.ReadStreamsAsync([stream], ct);
        return (type.Replay(events, catalog), events.Count == 0 ? 0 : events[^1].Place.Version);
    }

    /// <summary>The states of many streams as of one moment; a stream without events is in its initial state.</summary>
    public async Task<IReadOnlyDictionary<StreamKey, TState>> ReadAsync<TState>(IReadOnlyCollection<StreamKey> streams, StreamType<TState> type, CancellationToken ct)
        where TState : class
    {
        var events = (await engine.ReadStreamsAsync([.. streams.Distinct().Select(s => new StreamSlice(s))], ct)).ToLookup(e => e.Stream);
        return streams.Distinct().ToDictionary(s => s, s => type.Replay(events[s], catalog));
    }

    /// <summary>What this process has just recorded: as a rule the store need not be asked for it.</summary>
    public Task<IReadOnlyList<StoredEvent>> ReadRecordedAsync(StreamKey stream, Outcome.Recorded recorded, CancellationToken ct) =>
        engine.FollowFromAsync(stream.Tenant, recorded.Position, recorded.Events, ct);

    public Task<IReadOnlyList<StoredEvent>> ReadEventsAsync(StreamKey stream, CancellationToken ct) => engine.ReadStreamsAsync([stream], ct);

    public object Facts(StoredEvent e) => catalog.Decode(e);
}
