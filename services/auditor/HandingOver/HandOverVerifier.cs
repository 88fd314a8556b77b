using System.Security.Cryptography;
using System.Text.Json;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Consent.HandingOver;
using ConsentLedger.EventStore;
using ConsentLedger.Ledger;
using ConsentLedger.Vault;

namespace ConsentLedger.Auditor.HandingOver;

/// <summary>
/// Checks a hand-over against a log: that it was recorded for this successor, that every envelope is the one its entry commits to and opens under its stream's key, and that nothing is missing, doubled
/// or invented. Both are read once, in order; where not all streams fit into the memory allowed, again for the others.
/// </summary>
/// <param name="log">As it was exported, and verified by itself.</param>
/// <param name="root">Of the verified log: nobody can show other entries here. Null where it did not verify.</param>
internal sealed class HandOverVerifier(string file, LogFiles log, long logSize, Hash? root, RSA successor, Checking checking)
{
    private const string HandedOver = "tenant.handed-over.v1";

    private readonly Findings _findings = new(checking.FaultLimit);
    private readonly IdHash _hash = new();
    private readonly Checking _entries = checking with { Entries = EntryReading.Ledger, Facts = false };
    private byte[]? _firstMac;

    /// <param name="head">The file's first line.</param>
    /// <param name="size">Of the checkpoint in it, which was believed.</param>
    public async Task<HandOverFindings> RunAsync(HandOverHead head, long size, IProgress<Progressed> progress, CancellationToken ct)
    {
        var findings = new HandOverFindings(head, size, null, default, 0, _findings);
        if (!TransportKey.TryOpen(successor, head.TransportKey, out var transport))
        {
            _findings.Add(new Fault("handover_transport_unopened", "The transport key does not open with this private key: the hand-over is for another successor, or its first line was changed."));
            return findings;
        }

        using (transport)
        {
            if (await FindUnrecordedAsync(head, size, ct) is { } unrecorded) _findings.Add(unrecorded);
            var tenant = TenantId.TryParse(head.Tenant, out var named) ? named : default;
            for (var firstShard = 0; firstShard < IdHash.Shards; findings = findings with { Passes = findings.Passes + 1 })
            {
                var streams = new HandedStreams(tenant, transport, size, _hash, firstShard, checking.Memory);
                var end = await PassAsync(streams, transport, size, isFirst: firstShard == 0, progress, ct);

                // Nothing is said of streams by half a file.
                if (end is null) break;
                findings = findings with { End = end, Totals = findings.Totals + streams.Finish(end.Size, _findings) };
                firstShard = streams.EndShard;
            }
        }

        return findings;
    }

    private async Task<HandOverEnd?> PassAsync(HandedStreams streams, TransportKey transport, long size, bool isFirst, IProgress<Progressed> progress, CancellationToken ct)
    {
        using var lines = new HandOverLines(file);
        using var mac = transport.NewMac();
        lines.Mac = mac;
        lines.TryReadHead(out _);
        var keys = ReadKeys(lines, streams, isFirst);
        var envelopes = await FollowAsync(lines, streams, size, isFirst, progress, ct);
        var ended = lines.TryReadEnd(out var end, out var seal);
        var computed = mac.GetHashAndReset();
        if (!isFirst)
            return CryptographicOperations.FixedTimeEquals(_firstMac, computed) ? end : throw UnansweredException.FilesChanged();

        _firstMac = computed;
        if (lines.Fault is { } fault) _findings.Add(InFile(fault, lines));
        if (!ended) return null;
        if (!CryptographicOperations.FixedTimeEquals(seal!.Mac, computed)) _findings.Add(InFile(new Fault("handover_mac_mismatch", "These are not the bytes that were sent: the MAC over them is another."), lines));
        if (end!.Keys != keys || end.Envelopes != envelopes) _findings.Add(InFile(new Fault("handover_counts_wrong", $"There are {keys} keys and {envelopes} envelopes, and the end says {end.Keys} and {end.Envelopes}."), lines));
        if (end.Size > logSize) _findings.Add(new Fault("handover_log_short", $"When the hand-over was over the log had {end.Size} entries, and here it has {logSize}: who was erased meanwhile cannot be known."));
        return end;
    }

    private long ReadKeys(HandOverLines lines, HandedStreams streams, bool isFirst)
    {
        var (count, last) = (0L, (Guid?)null);
        while (lines.TryReadKey(out var key))
        {
            count++;
            if (isFirst && last is { } before && key.Subject.CompareTo(before) <= 0)
                _findings.Add(InFile(new Fault("handover_key_order", "The key is the second one of its subject, or stands behind one that comes later.") { Stream = key.Subject }, lines));
            else streams.Add(key);
            last = key.Subject;
        }

        return count;
    }

    /// <returns>How many envelopes there were.</returns>
    private async Task<long> FollowAsync(HandOverLines lines, HandedStreams streams, long size, bool isFirst, IProgress<Progressed> progress, CancellationToken ct)
    {
        var count = 0L;
        var next = Next(-1);
        var (tile, tree) = (new LeafTile(), new TreeCheck(null, [], new Findings(limit: 0)));
        foreach (var bundle in TileId.OfLevel(TileId.Entries, logSize))
        {
            await tile.ReadAsync(log, bundle, _entries, ct);

            // The root alone could be had from hashes, without the entries.
            if (root is not null && tile.Faults.Count > 0) throw UnansweredException.FilesChanged();
            await tree.AddAsync(tile.Leaves, ct);
            for (var i = 0; i < tile.Width; i++)
            {
                var position = tile.First + i;
                byte[]? envelope = null;
                if (next?.Position == position)
                {
                    envelope = next.Envelope;
                    if (isFirst && FindStrange(tile, i, position, envelope, size) is { } strange) _findings.Add(InFile(strange, lines));
                    next = Next(position);
                }

                if (tile.Knows(i)) streams.Add(position, tile[i], envelope);
            }

            progress.Report(new Progressed(tile.First + tile.Width, logSize));
        }

        for (; next is not null; next = Next(next.Position))
            if (isFirst) _findings.Add(InFile(new Fault("handover_envelope_unknown", "The log has no entry at this position.") { Position = next.Position }, lines));
        await tree.FinishAsync(ct);
        return root is { } verified && tree.Root != verified ? throw UnansweredException.FilesChanged() : count;

        // What does not come after the one before is passed over.
        HandedOverEnvelope? Next(long after)
        {
            while (lines.TryReadEnvelope(out var envelope))
            {
                count++;
                if (envelope.Position > after) return envelope;
                if (isFirst) _findings.Add(InFile(new Fault("handover_envelope_order", "The envelope is the second one of its entry, or stands behind one that comes later.") { Position = envelope.Position }, lines));
            }

            return null;
        }
    }

    private static Fault? FindStrange(LeafTile tile, int i, long position, byte[] envelope, long size)
    {
        if (!tile.Knows(i)) return null;
        ref readonly var entry = ref tile[i];
        if (position >= size || entry.SealedHash.IsZero) return new Fault("handover_envelope_unknown", "Nothing is sealed here that the hand-over is of.").At(position, entry);
        return Hash.Of(SHA256.HashData(envelope)) == entry.SealedHash ? null : new Fault("handover_envelope_mismatch", "The envelope is not the one that the entry commits to.").At(position, entry);
    }

    /// <summary>The log itself has to say that this was handed over, and to whom.</summary>
    private async Task<Fault?> FindUnrecordedAsync(HandOverHead head, long size, CancellationToken ct)
    {
        var unrecorded = new Fault("handover_unrecorded", "The log does not record here, below the hand-over's checkpoint, that it was handed over to this successor and for this key.") { Position = head.Position };
        if (head.Position < 0 || head.Position >= Math.Min(size, logSize)) return unrecorded;
        var bundle = TileId.OfLevel(TileId.Entries, logSize).Skip((int)(head.Position / TileId.FullWidth)).First();
        var tile = await new LeafTile().ReadAsync(log, bundle, _entries, ct);
        var at = (int)(head.Position % TileId.FullWidth);
        using var facts = await log.ReadAsync(FactsPath.Of(bundle), ct);
        if (facts is null || !tile.Knows(at) || LineOf(facts.Memory, at) is not { } line) return unrecorded;
        var entry = tile[at];
        return entry.Type == EntryType.Configuration && FactsLine.Check(line.Span, head.Position, entry, out var purged) is null && !purged && Says(line, head.Successor) ? null : unrecorded;
    }

    private bool Says(ReadOnlyMemory<byte> line, string word)
    {
        using var facts = JsonDocument.Parse(line);
        return facts.RootElement.GetProperty("type").GetString() == HandedOver && facts.RootElement.GetProperty("data") is var data
            && data.GetProperty("successor").GetString() == word && data.GetProperty("key").GetString() == SuccessorKey.HashOf(successor);
    }

    private static ReadOnlyMemory<byte>? LineOf(ReadOnlyMemory<byte> lines, int number)
    {
        for (; lines.Span.IndexOf((byte)'\n') is >= 0 and var end; lines = lines[(end + 1)..])
            if (number-- == 0) return lines[..end];
        return null;
    }

    private static Fault InFile(Fault fault, HandOverLines lines) => fault with { File = $"{HandOverCommand.File}:{lines.Line}" };
}

/// <param name="Size">What is below it in the log was handed over.</param>
/// <param name="End">Null where the file could not be read to its end.</param>
internal sealed record HandOverFindings(HandOverHead Head, long Size, HandOverEnd? End, HandedTotals Totals, int Passes, Findings Findings);
