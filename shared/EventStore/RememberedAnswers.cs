using System.Runtime.InteropServices;
using ConsentLedger.Ledger;

namespace ConsentLedger.EventStore;

/// <summary>
/// What questions about one tenant's subjects were answered, in some tens of bytes each, as of a position of its log and moved on along it: one query for what came after that position makes a
/// million of them as good as new. An answer rests on its subject's own stream and on what all answers rest on (<typeparamref name="TCommon"/>, the policies); whoever's stream has grown is
/// forgotten, and found out about anew.
/// </summary>
/// <remarks>Strict: whoever follows waits for a look at the log that began after they came, and shares it with all who came meanwhile.</remarks>
/// <param name="follow">What all answers rest on, as of a position: from what was known of it and the streams that have grown since, or from nothing (null). Another object voids every answer.</param>
/// <param name="capacity">From so many answers on those are forgotten that nobody heard while half as many others were: there are never more than half as many again.</param>
public sealed class RememberedAnswers<TQuestion, TAnswer, TCommon>(
    TenantId tenant, IEventEngine engine, Func<TCommon?, IReadOnlySet<StreamId>, long, Task<TCommon>> follow, int capacity)
    where TQuestion : notnull
    where TAnswer : struct
    where TCommon : class
{
    /// <summary>Whoever is further behind forgets everything: reading on would take longer than finding out anew.</summary>
    private const int MaxBehind = 200_000;

    private const int EntriesAtOnce = 4096, MaxRecent = 50_000, MaxQuestions = 256;

    private readonly Lock _gate = new();

    // Changed under the gate, and only by the round that is under way: it alone may look at them without.
    private long _position;
    private byte[]? _lastEntry;
    private TCommon? _common;

    private readonly Dictionary<TQuestion, Generations> _answers = [];

    // Who has grown of late, and up to where that was known: an answer that was found out from before must not be kept.
    private readonly Dictionary<StreamId, long> _grown = [];
    private long _grownSince;
    private readonly Counts _counts = new();
    private int _era;

    private Task _round = Task.CompletedTask;
    private Task<Moment>? _next;

    /// <param name="Position">Every event before it is in.</param>
    /// <param name="Era">Answers of another one are void.</param>
    public readonly record struct Moment(long Position, TCommon Common, int Era);

    /// <summary>What answers rest on, as of the last look; null before the first.</summary>
    public TCommon? LastKnown
    {
        get
        {
            lock (_gate) return _common;
        }
    }

    /// <summary>What is remembered moves on to where the log is, or further than it was when this was called.</summary>
    /// <exception cref="StoreUnavailableException">The log could not be asked: nothing that is remembered may be said.</exception>
    public Task<Moment> FollowAsync(CancellationToken ct)
    {
        Task<Moment> round;
        lock (_gate)
        {
            if (_next is null)
            {
                // Rounds are nobody's: they go on after the request that began them, and must not be part of its trace.
                using var nobody = ExecutionContext.SuppressFlow();
                _round = _next = AfterAsync(_round);
            }

            round = _next;
        }

        return round.WaitAsync(ct);
    }

    /// <summary>Fills in what is remembered, and says of which of the subjects nothing is: their places.</summary>
    /// <param name="moment">As of which everything has to be.</param>
    /// <param name="holds">Whether an answer still does, where time alone may end it.</param>
    public List<int> Find(Moment moment, TQuestion question, ReadOnlySpan<StreamId> subjects, Span<TAnswer> answers, Predicate<TAnswer>? holds = null)
    {
        var missing = new List<int>();
        lock (_gate)
        {
            var known = moment.Era == _era ? _answers.GetValueOrDefault(question) : null;
            for (var i = 0; i < subjects.Length; i++)
                if (known is null || !known.TryFind(subjects[i], _counts, out answers[i]) || holds?.Invoke(answers[i]) == false) missing.Add(i);
            AgeIfFull();
        }

        return missing;
    }

    /// <summary>Keeps what was found out from the log after <paramref name="moment"/>, unless it may have changed since.</summary>
    public void Remember(Moment moment, TQuestion question, IEnumerable<(StreamId Subject, TAnswer Answer)> found)
    {
        lock (_gate)
        {
            if (moment.Era != _era || moment.Position < _grownSince) return;
            if (!_answers.TryGetValue(question, out var known))
            {
                if (_answers.Count >= MaxQuestions) return;
                _answers.Add(question, known = new Generations());
            }

            foreach (var (subject, answer) in found)
                if (!(_grown.TryGetValue(subject, out var grown) && grown > moment.Position)) known.Set(subject, answer, _counts);
            AgeIfFull();
        }
    }

    private async Task<Moment> AfterAsync(Task before)
    {
        // Yields in any case: whoever called holds the gate.
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);

        // From here on newcomers wait for the next one: what this query sees may lack what they know to be recorded.
        lock (_gate) _next = null;
        var (position, lastEntry, grown) = await ReadNewsAsync();
        var common = await follow(grown is null ? null : _common, grown ?? (IReadOnlySet<StreamId>)new HashSet<StreamId>(), position);
        lock (_gate)
        {
            if (grown is null || !ReferenceEquals(common, _common)) Forget(position);
            else Forget(grown, position);
            (_position, _lastEntry, _common) = (position, lastEntry, common);
            return new Moment(position, common, _era);
        }
    }

    /// <summary>
    /// The entry before the position is read with those after it. Where it is not the one that was there, the log is another than the one followed, as a restored backup's is, and nothing
    /// remembered holds: then nobody is said to have grown, but null.
    /// </summary>
    private async Task<(long Position, byte[]? LastEntry, HashSet<StreamId>? Grown)> ReadNewsAsync()
    {
        var (position, last, grown) = (_position, _lastEntry, new HashSet<StreamId>());
        while (last is not null && position - _position < MaxBehind)
        {
            var entries = await engine.ReadEntriesAsync(tenant, position - 1, EntriesAtOnce, CancellationToken.None);
            if (entries is not [var first, ..] || !first.Bytes.AsSpan().SequenceEqual(last)) break;
            grown.UnionWith(entries.Skip(1).Select(StreamOf));
            (position, last) = (position + entries.Count - 1, entries[^1].Bytes);
            if (entries.Count < EntriesAtOnce) return (position, last, grown);
        }

        var head = (long)(await engine.ReadTreeAsync(tenant, CancellationToken.None)).Size;
        return (head, head == 0 ? null : (await engine.ReadEntriesAsync(tenant, head - 1, 1, CancellationToken.None))[0].Bytes, null);
    }

    private void Forget(long position)
    {
        _answers.Clear();
        _grown.Clear();
        (_grownSince, _counts.Young, _counts.All) = (position, 0, 0);
        _era++;
    }

    private void Forget(HashSet<StreamId> grown, long position)
    {
        foreach (var known in _answers.Values)
            foreach (var stream in grown) known.Remove(stream, _counts);
        if (_grown.Count + grown.Count > MaxRecent)
        {
            _grown.Clear();
            _grownSince = position;
        }

        foreach (var stream in grown) _grown[stream] = position;
    }

    private void AgeIfFull()
    {
        if (_counts.All <= capacity || _counts.Young <= capacity / 2) return;
        foreach (var (question, known) in _answers)
            if (!known.Age()) _answers.Remove(question);
        (_counts.All, _counts.Young) = (_counts.Young, 0);
    }

    private static StreamId StreamOf(StoredEntry entry) =>
        Entry.TryDecode(entry.Bytes, out var read, out var fault) ? new StreamId(read.Stream) : throw new InvalidDataException($"An entry of the log cannot be read: {fault.Reason}");

    private sealed class Counts
    {
        public int Young { get; set; }

        public int All { get; set; }
    }

    /// <summary>Answers to one question: those that somebody heard or that were found out since the last ageing, and those from before. Nobody is in both.</summary>
    private sealed class Generations
    {
        private Dictionary<StreamId, TAnswer> _young = [], _old = [];

        public bool TryFind(StreamId subject, Counts counts, out TAnswer answer)
        {
            if (_young.TryGetValue(subject, out answer)) return true;
            if (!_old.TryGetValue(subject, out answer)) return false;
            Set(subject, answer, counts);
            return true;
        }

        public void Set(StreamId subject, TAnswer answer, Counts counts)
        {
            ref var kept = ref CollectionsMarshal.GetValueRefOrAddDefault(_young, subject, out var exists);
            kept = answer;
            if (exists) return;
            counts.Young++;
            if (!_old.Remove(subject)) counts.All++;
        }

        public void Remove(StreamId subject, Counts counts)
        {
            if (_young.Remove(subject)) counts.Young--;
            else if (!_old.Remove(subject)) return;
            counts.All--;
        }

        /// <returns>Whether anything is left.</returns>
        public bool Age()
        {
            (_old, _young) = (_young, []);
            return _old.Count > 0;
        }
    }
}
