using System.Security.Cryptography;
using System.Threading.Channels;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Verifying;

/// <summary>
/// Recomputes a whole log from its entries and believes nothing but the checkpoint. Files are read and hashed side by side; what depends on order comes after, in order.
/// Memory is bounded: a few tiles, the tree's frontier, and what <see cref="StreamCheck"/> remembers of streams.
/// </summary>
internal sealed class LogVerifier(LogFiles files, Checking checking)
{
    private readonly Findings _findings = new(checking.FaultLimit);
    private readonly IdHash _hash = new();
    private readonly long[] _types = new long[(int)EntryType.Configuration + 1];
    private long _lastMs, _purged;

    /// <param name="older">Checkpoints of the same log that were seen before.</param>
    public async Task<LogFindings> RunAsync(TrustedCheckpoint head, IReadOnlyList<Checkpoint> older, IProgress<Progressed> progress, CancellationToken ct)
    {
        var size = head.Head.Size;
        var before = older.Select(o => (Head: o, Fault: Since.Find(o, head.Head))).ToList();
        _findings.Add(before.Select(o => o.Fault).OfType<Fault>());
        FindUnexpected(size);

        var tree = new TreeCheck(files, [.. before.Where(o => o.Fault is null).Select(o => o.Head).OrderBy(o => o.Size)], _findings);
        var streams = new StreamCheck(checking, _hash, 0);
        var seen = await ReadAsync(size, tree, streams, isFirst: true, progress, ct);
        if (tree.Root != head.Head.Root)
            _findings.Add(new Fault("root_mismatch", $"The entries have the root {tree.Root.ToBase64()}, and the checkpoint says {head.Head.Root.ToBase64()}."));

        var passes = 1;
        var totals = streams.Finish(NowMs(head), _findings);
        for (; streams.EndShard < IdHash.Shards; passes++)
        {
            // What did not fit. Root and what is seen are computed again, so that nobody can show other entries the second time, or leave out some and give out their hashes alone.
            var again = new TreeCheck(null, [], _findings);
            streams = new StreamCheck(checking, _hash, streams.EndShard);
            if (await ReadAsync(size, again, streams, isFirst: false, progress, ct) != seen || again.Root != tree.Root) throw UnansweredException.FilesChanged();
            totals += streams.Finish(NowMs(head), _findings);
        }

        return new LogFindings(head, totals, [.. _types], _purged, passes, _findings);
    }

    private long NowMs(TrustedCheckpoint head) => head.Witnessed.Select(w => w.At?.ToUnixTimeMilliseconds() ?? 0).Append(_lastMs).Append(checking.AskedMs).Max();

    private void FindUnexpected(long size)
    {
        var ignored = false;
        foreach (var path in files.Paths)
        {
            if (path == LogFiles.Checkpoint) continue;
            var isFacts = FactsPath.TryParse(path, out var tile);
            if (!(isFacts || TileId.TryParse(path, out tile, out _)) || !tile.IsOf(size))
                _findings.Add(new Fault("file_unexpected", "A tree of this size has no such file; nothing vouches for it.") { File = path });
            ignored |= isFacts ? !checking.HasFacts : tile.Level == TileId.Entries && checking.Entries == EntryReading.None;
        }

        if (ignored) _findings.Remark("Entries or facts are there and were not looked at, as was asked.");
    }

    /// <returns>What streams were told: of each entry whether it could be read and whether its facts are said to be purged, and how much was wrong. What the entries say is in the root.</returns>
    private async Task<Hash> ReadAsync(long size, TreeCheck tree, StreamCheck streams, bool isFirst, IProgress<Progressed> progress, CancellationToken ct)
    {
        using var seen = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var spare = new Stack<LeafTile>();
        var ahead = Channel.CreateBounded<Task<LeafTile>>(new BoundedChannelOptions(files.Ahead) { SingleReader = true, SingleWriter = true });
        var reading = Task.Run(() => ReadAheadAsync(size, ahead.Writer, spare, stopping.Token), ct);
        try
        {
            await foreach (var read in ahead.Reader.ReadAllAsync(ct))
            {
                var tile = await read;
                if (isFirst) Judge(tile);
                Follow(tile, streams);
                tile.AddSeenTo(seen);
                await tree.AddAsync(tile.Leaves, ct);
                progress.Report(new Progressed(tile.First + tile.Width, size));
                lock (spare) spare.Push(tile);
            }

            await tree.FinishAsync(ct);
            return Hash.Of(seen.GetHashAndReset());
        }
        finally
        {
            await stopping.CancelAsync();
            await reading.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task ReadAheadAsync(long size, ChannelWriter<Task<LeafTile>> ahead, Stack<LeafTile> spare, CancellationToken ct)
    {
        try
        {
            foreach (var bundle in TileId.OfLevel(TileId.Entries, size))
            {
                LeafTile? tile;
                lock (spare) tile = spare.TryPop(out var used) ? used : new LeafTile();
                await ahead.WriteAsync(Task.Run(() => tile.ReadAsync(files, bundle, checking, ct), ct), ct);
            }
        }
        finally
        {
            ahead.TryComplete();
        }
    }

    private void Judge(LeafTile tile)
    {
        _findings.Add(tile.Faults);
        for (var i = 0; i < tile.Width; i++)
        {
            if (!tile.Knows(i)) continue;
            ref readonly var entry = ref tile[i];
            _types[(int)entry.Type]++;
            if (tile.IsPurged(i)) _purged++;
            if (entry.RecordedMs < _lastMs) _findings.Add(new Fault("time_backwards", $"Recorded {_lastMs - entry.RecordedMs} ms before the entry in front of it.").At(tile.First + i, entry));
            _lastMs = Math.Max(_lastMs, entry.RecordedMs);
        }
    }

    private static void Follow(LeafTile tile, StreamCheck streams)
    {
        var leaves = tile.Leaves.Span;
        for (var i = 0; i < tile.Width; i++)
            if (tile.Knows(i)) streams.Add(tile.First + i, tile[i], leaves[i], tile.IsPurged(i));
    }
}

/// <summary>What a verified log is, and what is wrong with it.</summary>
/// <param name="Types">How many entries there are of each type.</param>
/// <param name="Purged">How many entries' facts are said to be purged.</param>
/// <param name="Passes">How often the log was read; more than once where the streams did not fit into the memory allowed.</param>
internal sealed record LogFindings(TrustedCheckpoint Head, StreamTotals Streams, IReadOnlyList<long> Types, long Purged, int Passes, Findings Findings);
