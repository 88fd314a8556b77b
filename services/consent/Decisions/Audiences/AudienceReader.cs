using System.Buffers;
using System.Buffers.Binary;
using System.Data;
using System.Threading.Channels;
using ConsentLedger.Consent.Consents;
using ConsentLedger.EventStore.Npgsql;
using Npgsql;

namespace ConsentLedger.Consent.Decisions.Audiences;

/// <summary>Whether a subject belongs to an audience. Pure: the very function that answers single questions decides.</summary>
/// <param name="person">The subject, and after it the others who are the same person.</param>
/// <param name="read">The policies, as of the same position.</param>
public delegate bool Audience(StreamId id, IReadOnlyList<SubjectConsents> person, SubjectsAsOf read);

/// <summary>
/// Holds every subject of a tenant against a question, all as of one position of the log: the head when the request came. Rows stream through, a few hundred kilobytes at
/// a time; what the table lacks of the log is added from it.
/// </summary>
public sealed class AudienceReader(NpgsqlDataSource ledger, IEventEngine engine, EventCatalog catalog, CurrentSubjects current)
{
    /// <summary>In memory, so that there is an end to it: a table further behind is being built, and its audience has to wait.</summary>
    private const int MaxBehind = 200_000;

    private const int EventsAtOnce = 5_000, ChunkBytes = 256 * 1024, ChunksInFlight = 4;

    /// <summary>Each holds a connection for as long as it streams, and the pool is the one that withdrawals need.</summary>
    private const int AtOnce = 2;

    private readonly CompactFacts _compact = new(catalog);
    private int _reading;

    /// <returns>Held while an audience is read; null where others are reading theirs.</returns>
    public IDisposable? TryTakeTurn()
    {
        if (Interlocked.Increment(ref _reading) <= AtOnce) return new Turn(this);
        Interlocked.Decrement(ref _reading);
        return null;
    }

    /// <param name="write">Gets the ids of those who belong to the audience, some at a time.</param>
    /// <returns>As of what it was decided; null where the table is too far behind.</returns>
    /// <exception cref="StoreUnavailableException">The audience is not complete.</exception>
    public Task<SubjectsAsOf?> ReadAsync(TenantId tenant, Audience audience, Func<SubjectsAsOf, IReadOnlyList<StreamId>, ValueTask> write, CancellationToken ct) => Outages.Typed<SubjectsAsOf?>(async () =>
    {
        await using var connection = await ledger.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        var followed = await ReadFollowedAsync(connection, tenant, ct);

        // Asked after the snapshot was taken, so no row in it is ahead.
        var read = await current.ReadAsync(tenant, [], Freshness.Strict, ct);
        if (read.Position - followed > MaxBehind) return null;
        var since = await ReadSinceAsync(tenant, followed, read.Position, ct);

        var seen = new HashSet<StreamId>();
        var chunks = Channel.CreateBounded<Task<Chunk>>(ChunksInFlight);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var copying = CopyAsync(connection, tenant, chunks.Writer, bytes => DecideAsync(bytes, since, audience, read, ct), ending.Token).ContinueWith(
            done => chunks.Writer.Complete(done.IsCanceled ? new OperationCanceledException() : done.Exception?.InnerException), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            await foreach (var chunk in chunks.Reader.ReadAllAsync(ct))
            {
                var (found, met) = await chunk;
                seen.UnionWith(met);
                if (found.Count > 0) await write(read, found);
            }
        }
        finally
        {
            // Whatever ended it: the connection is let go only when nobody reads from it any more.
            await ending.CancelAsync();
            await copying;
        }

        var unseen = since.Keys.Where(s => !seen.Contains(s)).ToList();
        var (late, _) = await DecideAsync([.. unseen.Select(s => (s, Replay([], since, s, read.Position)))], audience, read, []);
        if (late.Count > 0) await write(read, late);
        return read;
    });

    private static async Task<long> ReadFollowedAsync(NpgsqlConnection connection, TenantId tenant, CancellationToken ct)
    {
        // The tables are read from end to end here, which the ledger's own statements never want.
        await using var sql = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("set local enable_seqscan = on"),
                new("select next_position from subject_facts_followed where tenant_id = $1") { Parameters = { new() { Value = tenant.ToString() } } },
            },
        };
        return await sql.ExecuteScalarAsync(ct) is long next ? next : 0;
    }

    private async Task<IReadOnlyDictionary<StreamId, List<StoredEvent>>> ReadSinceAsync(TenantId tenant, long from, long before, CancellationToken ct)
    {
        var since = new Dictionary<StreamId, List<StoredEvent>>();
        while (from < before)
        {
            var page = await engine.ReadFromAsync(tenant, from, (int)Math.Min(EventsAtOnce, before - from), ct);
            if (page.Count == 0) throw new InvalidOperationException($"The log has no event at position {from}, though {before} are in it.");
            foreach (var e in page)
            {
                from = e.Place.Position + 1;
                if (!SubjectFacts.IsSubject(e.Stream)) continue;
                if (!since.TryGetValue(e.Stream.Id, out var events)) since.Add(e.Stream.Id, events = []);
                events.Add(e);
            }
        }

        return since;
    }

    /// <summary>Binary COPY, cut between rows only as far as is needed to hand them on: 19 bytes of header, then rows of a column count and length-prefixed columns, then -1.</summary>
    private static async Task CopyAsync(NpgsqlConnection connection, TenantId tenant, ChannelWriter<Task<Chunk>> chunks, Func<ArraySegment<byte>, Task<Chunk>> decide, CancellationToken ct)
    {
        await using var copy = await connection.BeginRawBinaryCopyAsync($"copy (select stream_id, facts from subject_facts where tenant_id = '{tenant}') to stdout (format binary)", ct);
        var (buffer, length, header) = (ArrayPool<byte>.Shared.Rent(ChunkBytes), 0, 19);
        while (true)
        {
            var more = await copy.ReadAsync(buffer.AsMemory(length), ct);
            length += more;
            if (more > 0 && length < buffer.Length) continue;
            var (end, isLast) = EndOfRows(buffer.AsSpan(0, length), header);
            if (end > header)
            {
                var rows = new ArraySegment<byte>(buffer, header, end - header);
                // What is left of a large row may be more than a chunk, and there has to be room to go on.
                var next = ArrayPool<byte>.Shared.Rent(Math.Max(ChunkBytes, length - end + 1));
                buffer.AsSpan(end, length - end).CopyTo(next);
                await chunks.WriteAsync(Task.Run(() => decide(rows), ct), ct);
                (buffer, length, header) = (next, length - end, 0);
            }
            else if (!isLast)
            {
                // One subject's facts are larger than all that fits.
                Array.Resize(ref buffer, buffer.Length * 2);
            }

            if (isLast) return;
            if (more == 0) throw new InvalidDataException("The copy ended within a row.");
        }
    }

    private static (int End, bool IsLast) EndOfRows(ReadOnlySpan<byte> bytes, int at)
    {
        while (bytes.Length >= at + 2)
        {
            if (BinaryPrimitives.ReadInt16BigEndian(bytes[at..]) == -1) return (at, true);
            if (bytes.Length < at + 26) break;
            var next = at + 26 + BinaryPrimitives.ReadInt32BigEndian(bytes[(at + 22)..]);
            if (next > bytes.Length) break;
            at = next;
        }

        return (at, false);
    }

    private async Task<Chunk> DecideAsync(ArraySegment<byte> rows, IReadOnlyDictionary<StreamId, List<StoredEvent>> since, Audience audience, SubjectsAsOf read, CancellationToken ct)
    {
        var subjects = new List<(StreamId, SubjectConsents)>(ChunkBytes / 128);
        var met = new List<StreamId>();
        for (var at = 0; at < rows.Count;)
        {
            // Two columns: 16 bytes of id, and the facts.
            var row = rows.AsSpan(at);
            var id = new StreamId(new Guid(row.Slice(6, 16), bigEndian: true));
            var facts = row.Slice(26, BinaryPrimitives.ReadInt32BigEndian(row[22..]));
            subjects.Add((id, Replay(facts, since, id, read.Position)));
            if (since.Count > 0 && since.ContainsKey(id)) met.Add(id);
            at += 26 + facts.Length;
        }

        ArrayPool<byte>.Shared.Return(rows.Array!);
        return await DecideAsync(subjects, audience, read, met, ct);
    }

    private SubjectConsents Replay(ReadOnlySpan<byte> facts, IReadOnlyDictionary<StreamId, List<StoredEvent>> since, StreamId id, long before)
    {
        var state = _compact.Replay(facts, SubjectConsents.Stream, SubjectConsents.Stream.Before, before);
        if (since.Count == 0 || !since.TryGetValue(id, out var events)) return state;
        return events.Aggregate(state, (s, e) => SubjectConsents.Stream.After(s, catalog.Decode(e), e.Place));
    }

    private async Task<Chunk> DecideAsync(List<(StreamId Id, SubjectConsents State)> subjects, Audience audience, SubjectsAsOf read, List<StreamId> met, CancellationToken ct = default)
    {
        var found = new List<StreamId>(subjects.Count);
        List<(StreamId Id, SubjectConsents State)>? linked = null;
        foreach (var (id, state) in subjects)
        {
            if (!state.Others.IsEmpty) (linked ??= []).Add((id, state));
            else if (audience(id, [state], read)) found.Add(id);
        }

        if (linked is not null) await DecideLinkedAsync(linked, audience, read, found, ct);
        return new Chunk(found, met);
    }

    /// <summary>Whoever is the same person as others is decided with them, read as of the same position.</summary>
    private async Task DecideLinkedAsync(List<(StreamId Id, SubjectConsents State)> linked, Audience audience, SubjectsAsOf read, List<StreamId> found, CancellationToken ct)
    {
        var tenant = read.Tenant;
        var states = linked.ToDictionary(s => s.Id, s => s.State);
        while (states.Values.SelectMany(s => s.Others).Where(s => !states.ContainsKey(s)).Distinct().ToList() is { Count: > 0 } missing)
        {
            foreach (var subject in missing) states.Add(subject, SubjectConsents.Stream.Before);
            foreach (var e in await engine.ReadStreamsAsync([.. missing.Select(s => new StreamSlice(new StreamKey(tenant, s)))], ct))
                if (e.Place.Position < read.Position) states[e.Stream.Id] = SubjectConsents.Stream.After(states[e.Stream.Id], catalog.Decode(e), e.Place);
        }

        found.AddRange(linked.Where(s => audience(s.Id, SubjectConsents.PersonOf(s.Id, states), read)).Select(s => s.Id));
    }

    private sealed class Turn(AudienceReader reader) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref reader._reading);
    }

    /// <param name="Met">Of those whom the log had more about.</param>
    private sealed record Chunk(IReadOnlyList<StreamId> Found, IReadOnlyList<StreamId> Met);
}
