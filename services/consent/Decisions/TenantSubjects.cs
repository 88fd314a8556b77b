using System.Runtime.InteropServices;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Merging;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Ledger;

namespace ConsentLedger.Consent.Decisions;

/// <summary>
/// One tenant's policy and subjects in memory, as of a position of its log, and moved on along it. One query asks what came after that position for everybody who
/// waits: the next leaves when this one is back, with all who came meanwhile.
/// </summary>
/// <remarks>
/// Strictness rests on one rule: a question takes part only in a round that begins after it came. What an earlier query saw may lack an event that was acknowledged
/// before the question, so nobody gets on while one is under way.
/// </remarks>
internal sealed class TenantSubjects(TenantId tenant, IEventEngine engine, EventCatalog catalog, TimeProvider clock, int capacity)
{
    /// <summary>Whoever is further behind forgets, and reads anew whom it is asked about.</summary>
    private const int MaxBehind = 4096;

    private const int StreamsAtOnce = 4096;

    private const int MaxYields = 8;

    /// <summary>A question about no more subjects is answered in no time.</summary>
    private const int Few = 16;

    /// <summary>So many subjects of one person are looked at: links of links have an end.</summary>
    private const int MaxPerson = MergeSubjects.MaxOthers + 2;

    private readonly Lock _gate = new();
    private readonly StreamId _policyStream = PolicyBook.Of(tenant).Id;

    // Changed under the gate, and only by the round: it alone may look at them without.
    private readonly RememberedSubjects _remembered = new(capacity);
    private (PolicyBook Book, long Version) _policies = (PolicyBook.Empty, 0);
    private long _position;
    private byte[]? _lastEntry;
    private long? _askedAt;

    private List<Question> _waiting = [];
    private bool _isAsking;

    /// <param name="remember">False for whoever passes by with so many subjects that they would push out those asked about often.</param>
    public Task<SubjectsAsOf> ReadAsync(IReadOnlyList<StreamId> subjects, Freshness freshness, bool remember, CancellationToken ct)
    {
        var question = new Question(subjects, remember);
        lock (_gate)
        {
            if (_askedAt is { } askedAt && freshness.IsMetBy(_position, clock.GetElapsedTime(askedAt)))
            {
                var known = new Found();
                Find(question, known);
                if (known.Missing.Count == 0) return Task.FromResult(new SubjectsAsOf(tenant, _position, _policies.Book, known.Subjects));
            }

            _waiting.Add(question);
            if (_isAsking) return question.Answer.Task.WaitAsync(ct);
            _isAsking = true;
        }

        // Rounds are nobody's: they go on after the request that began them, and must not be part of its trace.
        ThreadPool.UnsafeQueueUserWorkItem(static subjects => _ = subjects.AskAsync(), this, preferLocal: true);
        return question.Answer.Task.WaitAsync(ct);
    }

    private async Task AskAsync()
    {
        List<Question> round = [];
        var isOver = false;
        try
        {
            while (true)
            {
                // Requests that are about to ask get on first: a query for thirty costs the database what one for three does.
                for (var i = 0; i < MaxYields && ThreadPool.PendingWorkItemCount > 0; i++) await Task.Yield();

                lock (_gate)
                {
                    _isAsking = _waiting.Count > 0;
                    isOver = !_isAsking;
                    if (isOver) return;
                    (round, _waiting) = (_waiting, []);
                }

                try
                {
                    await AnswerAsync(round);
                }
                catch (Exception e) when (e is not OutOfMemoryException)
                {
                    // An outage, or a bug: theirs who asked in this round. Without the log nobody hears a yes, and what is remembered is held against it the next time.
                    foreach (var question in round) question.Answer.TrySetException(e);
                }
            }
        }
        finally
        {
            if (!isOver) GiveUp(round);
        }
    }

    /// <summary>A round ended as none should. Nobody may wait for it for ever, and nothing half remembered may answer: the next begins anew.</summary>
    private void GiveUp(List<Question> round)
    {
        List<Question> waiting;
        lock (_gate)
        {
            (waiting, _waiting) = (_waiting, []);
            (_lastEntry, _askedAt, _isAsking) = (null, null, false);
        }

        foreach (var question in round.Concat(waiting)) question.Answer.TrySetException(new InvalidOperationException("The round that would have answered was cut short."));
    }

    private async Task AnswerAsync(List<Question> round)
    {
        var askedAt = clock.GetTimestamp();
        var (position, lastEntry, changed) = await ReadNewsAsync();

        var policies = _lastEntry is null || changed.Contains(_policyStream) ? await ReadPoliciesAsync(position) : _policies;

        // As of the new position, and beside what is remembered until all is there.
        var found = new Found();
        found.Missing.UnionWith(changed.Where(s => _remembered.TryPeek(s, out _)));
        found.ToRemember.UnionWith(found.Missing);
        while (true)
        {
            if (found.Missing.Count > 0) await ReadAsync(found.Missing, position, found.Fresh);
            found.Missing.Clear();
            lock (_gate)
            {
                foreach (var question in round) Find(question, found);
                if (found.Missing.Count > 0) continue;
                (_position, _lastEntry, _policies, _askedAt) = (position, lastEntry, policies, askedAt);
                Remember(found);
                break;
            }
        }

        var answer = new SubjectsAsOf(tenant, position, policies.Book, found.Subjects);
        Tell(round, answer);
    }

    // By as many threads as there are processors, and not by one for each question: to wake it takes longer than most answers. Those about many are left to threads of their own.
    private static void Tell(List<Question> round, SubjectsAsOf answer)
    {
        var kinds = round.ToLookup(question => question.Subjects.Count <= Few);
        var atOnce = (kinds[true].Count() / Environment.ProcessorCount) + 1;
        foreach (var group in kinds[true].Chunk(atOnce).Concat(kinds[false].Chunk(1)))
            ThreadPool.UnsafeQueueUserWorkItem(static told => Array.ForEach(told.Group, question => question.Tell(told.Answer)), (Group: group, Answer: answer), preferLocal: false);
    }

    /// <summary>
    /// The entry before the position is read with those after it. Where it is not the one that was there, the log is another than the one followed, as a restored
    /// backup's is, and nothing remembered holds.
    /// </summary>
    private async Task<(long Position, byte[]? LastEntry, HashSet<StreamId> Changed)> ReadNewsAsync()
    {
        if (_lastEntry is not null)
        {
            var entries = await engine.ReadEntriesAsync(tenant, _position - 1, MaxBehind, CancellationToken.None);
            if (entries is [var last, ..] && last.Bytes.AsSpan().SequenceEqual(_lastEntry) && entries.Count < MaxBehind)
                return (_position + entries.Count - 1, entries[^1].Bytes, [.. entries.Skip(1).Select(StreamOf)]);
        }

        lock (_gate)
        {
            _remembered.Clear();
            (_policies, _position, _lastEntry, _askedAt) = ((PolicyBook.Empty, 0), 0, null, null);
        }

        var head = (long)(await engine.ReadTreeAsync(tenant, CancellationToken.None)).Size;
        return (head, head == 0 ? null : (await engine.ReadEntriesAsync(tenant, head - 1, 1, CancellationToken.None))[0].Bytes, []);
    }

    private async Task<(PolicyBook Book, long Version)> ReadPoliciesAsync(long position)
    {
        var (book, version) = _policies;
        foreach (var e in await engine.ReadStreamsAsync([new StreamSlice(new StreamKey(tenant, _policyStream), version)], CancellationToken.None))
            if (e.Place.Position < position) (book, version) = (PolicyBook.Stream.After(book, catalog.Decode(e), e.Place), e.Place.Version);
        return (book, version);
    }

    /// <summary>Streams as they were at the position: what came after it may be there to be read already, and waits for its round.</summary>
    private async Task ReadAsync(IEnumerable<StreamId> streams, long position, Dictionary<StreamId, Versioned> fresh)
    {
        foreach (var some in streams.Chunk(StreamsAtOnce))
        {
            foreach (var stream in some) fresh[stream] = _remembered.TryPeek(stream, out var known) ? known : new Versioned(SubjectConsents.Stream.Before, 0);
            foreach (var e in await engine.ReadStreamsAsync([.. some.Select(s => new StreamSlice(new StreamKey(tenant, s), fresh[s].Version))], CancellationToken.None))
            {
                ref var state = ref CollectionsMarshal.GetValueRefOrNullRef(fresh, e.Stream.Id);
                if (e.Place.Position >= position || state.Fault is not null) continue;
                try
                {
                    state = new Versioned(SubjectConsents.Stream.After(state.Subject, catalog.Decode(e), e.Place), e.Place.Version);
                }
                catch (Exception unreadable) when (unreadable is not OutOfMemoryException)
                {
                    // Such as an event that only a newer release knows. Nothing is decided about this subject, and everything about the others.
                    state = state with { Fault = unreadable };
                }
            }
        }
    }

    /// <summary>Adds what the question is about to what was found, and says what of it is missing: one of the subjects, or of those they are linked to, who is not in memory.</summary>
    private void Find(Question question, Found found)
    {
        foreach (var subject in question.Subjects) AddPerson(subject);

        // The nearest first.
        void AddPerson(StreamId subject)
        {
            List<StreamId>? person = null;
            for (var (at, i) = (subject, 1); ; at = person[i++])
            {
                if (!TryAdd(at, out var state)) found.Missing.Add(at);
                else if (!state.Others.IsEmpty) person = [.. (person ?? [subject]).Union(state.Others).Take(MaxPerson)];
                if (person is null || i == person.Count) return;
            }
        }

        bool TryAdd(StreamId subject, out SubjectConsents state)
        {
            state = null!;
            var isFresh = found.Fresh.TryGetValue(subject, out var known);
            if (!isFresh && !_remembered.TryUse(subject, out known)) return false;
            if (isFresh && question.Remember) found.ToRemember.Add(subject);
            question.Fault ??= known!.Fault;
            found.Subjects[subject] = state = known!.Subject;
            return true;
        }
    }

    private void Remember(Found found)
    {
        foreach (var subject in found.ToRemember)
        {
            var state = found.Fresh[subject];
            if (state.Fault is null) _remembered.Remember(subject, state);
            else _remembered.Forget(subject);
        }
    }

    private static StreamId StreamOf(StoredEntry entry) =>
        Entry.TryDecode(entry.Bytes, out var read, out var fault) ? new StreamId(read.Stream) : throw new InvalidDataException($"An entry of the log cannot be read: {fault.Reason}");
}
