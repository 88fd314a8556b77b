using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Verifying;

/// <summary>
/// What the entries of one stream say of each other: versions without a gap, each entry linked to the one before, nothing under the key after the fence, and the key's end
/// in time. Remembers of each stream as much as <see cref="StreamState"/> holds; where all streams do not fit, it lets some go, and says which it kept.
/// </summary>
internal sealed class StreamCheck
{
    private readonly Checking _checking;
    private readonly IdHash _hash;
    private readonly int _firstShard;
    private readonly Shard?[] _shards;
    private long _memory, _garbage;

    /// <param name="firstShard">Streams and keys below it were checked before.</param>
    public StreamCheck(Checking checking, IdHash hash, int firstShard)
    {
        (_checking, _hash, _firstShard) = (checking, hash, firstShard);
        _shards = [.. Enumerable.Range(0, IdHash.Shards).Select(i => i < firstShard ? null : new Shard())];
        _memory = _shards.Sum(shard => shard?.Memory ?? 0);
    }

    /// <summary>Streams from here on were let go, and have to be checked another time; 256 where none was.</summary>
    public int EndShard { get; private set; } = IdHash.Shards;

    public void Add(long position, in Entry entry, in Hash leaf, bool purged)
    {
        var before = _memory;
        if (entry.KeyId != Guid.Empty && ShardOf(entry.KeyId) is { } keys) keys.CheckKey(position, entry, _hash, ref _memory);
        if (ShardOf(entry.Stream) is { } streams) streams.CheckStream(position, entry, leaf, purged, _checking.ErasureDays, _hash, ref _memory);
        while (_memory > _checking.Memory && EndShard > _firstShard + 1)
        {
            ref var last = ref _shards[--EndShard];
            (_memory, _garbage) = (_memory - last!.Memory, _garbage + last.Memory);
            last = null;
        }

        // A table that grew by half leaves twice that behind. The collector does not hurry after large arrays, and a bound on memory is promised here.
        if (_memory > before) _garbage += 2 * (_memory - before);
        if (_garbage <= _checking.Memory / 8) return;
        GC.Collect();
        _garbage = 0;
    }

    /// <summary>Once all entries were added.</summary>
    /// <param name="nowMs">The latest time that the log itself, a witness of it or whoever asks a service names.</param>
    public StreamTotals Finish(long nowMs, Findings findings)
    {
        var totals = new StreamTotals();
        foreach (var shard in _shards)
        {
            if (shard is null) continue;
            shard.Finish(nowMs, _checking.ErasureDays, findings);
            totals += shard.Totals;
        }

        return totals;
    }

    private Shard? ShardOf(Guid id) => _shards[_hash.ShardOf(id)];

    private sealed class Shard
    {
        private const int Kept = 1000;

        private readonly StreamTable<StreamState> _streams = new();
        private readonly StreamTable<Guid> _keys = new();
        private readonly List<Fault> _faults = [];
        private long _untold;
        private StreamTotals _totals;

        public long Memory => _streams.Memory + _keys.Memory;

        public StreamTotals Totals => _totals with { Streams = _streams.Count, Keys = _keys.Count };

        public void CheckKey(long position, in Entry entry, IdHash hash, ref long memory)
        {
            var before = _keys.Memory;
            ref var owner = ref _keys.GetOrAdd(entry.KeyId, hash, out var added);
            memory += _keys.Memory - before;
            if (added) owner = entry.Stream;
            else if (owner != entry.Stream) Add(new Fault("key_of_two_streams", $"A key belongs to one stream, and this one was seen under stream {owner:D} before.").At(position, entry));
        }

        public void CheckStream(long position, in Entry entry, in Hash leaf, bool purged, int erasureDays, IdHash hash, ref long memory)
        {
            var before = _streams.Memory;
            ref var state = ref _streams.GetOrAdd(entry.Stream, hash, out var added);
            memory += _streams.Memory - before;
            if (added) state = StreamState.New;
            if (state.FindGap(entry) is { } gap) Add(gap.At(position, entry));
            if (state.FindUnderFence(entry) is { } late) Add(late.At(position, entry));
            if (state.FindOtherKey(entry) is { } other) Add(other.At(position, entry));
            if (entry.Type == EntryType.ErasureRequested && !state.IsFenced) _totals.Erasures++;
            if (state.FindUnfenced(entry) is { } unfenced) Add(unfenced.At(position, entry));
            if (state.FindLate(entry, erasureDays) is { } slow) Add(slow.At(position, entry));
            if (entry.Type == EntryType.KeyDestroyed && state.IsErasing) _totals.LongestErasureMs = Math.Max(_totals.LongestErasureMs, entry.RecordedMs - state.FencedMs);
            state.Follow(position, entry, leaf, purged);
        }

        public void Finish(long nowMs, int erasureDays, Findings findings)
        {
            findings.Add(_faults);
            findings.AddUntold(_untold);
            foreach (var (id, state) in _streams.All())
            {
                if (state.Purged >= 0)
                    findings.Add(new Fault("facts_purged_unrecorded", "The facts are said to be purged, and no later entry of the stream (type 5) says so.") { Position = state.Purged, Stream = id });
                if (!state.IsErasing) continue;
                _totals.ErasuresOpen++;
                if (state.FindOverdue(id, nowMs, erasureDays) is { } overdue) findings.Add(overdue);
                else findings.Remark($"Stream {id:D} is being erased, since position {state.Fence}, for {StreamState.Days(nowMs - state.FencedMs)}.");
            }
        }

        private void Add(Fault fault)
        {
            if (_faults.Count < Kept) _faults.Add(fault);
            else _untold++;
        }
    }
}

/// <summary>What streams say together.</summary>
internal record struct StreamTotals
{
    public const long DayMs = 24L * 60 * 60 * 1000;

    public long Streams { get; set; }

    public long Keys { get; set; }

    /// <summary>Fences (type 3), of each stream the first.</summary>
    public long Erasures { get; set; }

    /// <summary>Those without an end (type 4).</summary>
    public long ErasuresOpen { get; set; }

    /// <summary>From the fence to the end.</summary>
    public long LongestErasureMs { get; set; }

    public readonly double LongestErasureDays => LongestErasureMs / (double)DayMs;

    public static StreamTotals operator +(StreamTotals one, StreamTotals other) => new()
    {
        Streams = one.Streams + other.Streams,
        Keys = one.Keys + other.Keys,
        Erasures = one.Erasures + other.Erasures,
        ErasuresOpen = one.ErasuresOpen + other.ErasuresOpen,
        LongestErasureMs = Math.Max(one.LongestErasureMs, other.LongestErasureMs),
    };
}
