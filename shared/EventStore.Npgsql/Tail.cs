using System.Collections.Concurrent;
using System.Diagnostics;

namespace ConsentLedger.EventStore.Npgsql;

/// <summary>What who follows the log need not ask the database for: where it ends, while no other process appends, and the newest events of this one.</summary>
/// <param name="readHeads">Asks the database.</param>
internal sealed class Tail(StoreSignal appended, Func<CancellationToken, Task<IReadOnlyDictionary<TenantId, long>>> readHeads)
{
    // Of all tenants together.
    private const int Room = 4096;

    // Of others' commits we hear when they tell; of a word that was lost, after this.
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<TenantId, long> _heads = [];
    private readonly ConcurrentDictionary<(TenantId Tenant, long Position), StoredEvent> _events = [];
    private readonly ConcurrentQueue<(TenantId Tenant, long Position)> _oldestFirst = [];
    private volatile Look? _last;

    /// <summary>This batch is on disk.</summary>
    public void Add(Batch batch)
    {
        foreach (var (e, _, _, _) in batch.Events)
        {
            var place = (batch.Tenant, e.Place.Position);
            _events[place] = e;
            _oldestFirst.Enqueue(place);
        }

        while (_oldestFirst.Count > Room && _oldestFirst.TryDequeue(out var oldest)) _events.TryRemove(oldest, out _);
        Advance(batch.Tenant, batch.To.NextPosition);
        appended.Raise();
    }

    /// <inheritdoc cref="IEventEngine.FollowHeadsAsync"/>
    public async Task<IReadOnlyDictionary<TenantId, long>> ReadHeadsAsync(CancellationToken ct)
    {
        // Both from before the look: what comes during it is looked for again.
        var look = new Look(appended.Told, Stopwatch.GetTimestamp());
        if (_last is { } last && last.Told == look.Told && Stopwatch.GetElapsedTime(last.At, look.At) < BetweenLooks) return _heads;
        foreach (var (tenant, head) in await readHeads(ct)) Advance(tenant, head);
        _last = look;
        return _heads;
    }

    /// <summary>Events from this position on, up to the first that is not known here.</summary>
    public IReadOnlyList<StoredEvent> From(TenantId tenant, long position, int limit)
    {
        var events = new List<StoredEvent>();
        while (events.Count < limit && _events.TryGetValue((tenant, position + events.Count), out var next)) events.Add(next);
        return events;
    }

    private void Advance(TenantId tenant, long head)
    {
        if (head > 0) _heads.AddOrUpdate(tenant, head, (_, known) => Math.Max(known, head));
    }

    /// <param name="Told">What others had told by then.</param>
    /// <param name="At">A timestamp.</param>
    private sealed record Look(long Told, long At);
}
