using ConsentLedger.Auditor.Reading;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Verifying;

/// <summary>Grows the tree from its leaves, holds every tile above them against it, and its root at the sizes of older checkpoints against theirs.</summary>
/// <param name="files">Null where the tiles were held against the tree before.</param>
/// <param name="older">From the smallest.</param>
internal sealed class TreeCheck(LogFiles? files, IReadOnlyList<Checkpoint> older, Findings findings)
{
    /// <summary>In leaves: enough for hashing rows of nodes side by side.</summary>
    private const int BatchLength = 4096;

    private readonly Hash[] _waiting = new Hash[BatchLength];
    private readonly List<(Hash[] Hashes, int Count, long Index)> _levels = [];
    private Frontier _tree = Frontier.Empty;
    private int _count, _compared;

    public Hash Root => _tree.Root;

    public async ValueTask AddAsync(ReadOnlyMemory<Hash> leaves, CancellationToken ct)
    {
        while (!leaves.IsEmpty)
        {
            await CompareOlderAsync(ct);
            var room = BatchLength - _count;
            if (_compared < older.Count) room = (int)Math.Min(room, older[_compared].Size - _tree.Size - _count);
            var some = Math.Min(room, leaves.Length);
            leaves[..some].CopyTo(_waiting.AsMemory(_count));
            _count += some;
            leaves = leaves[some..];
            if (_count == BatchLength) await GrowAsync(ct);
        }
    }

    /// <summary>Once all leaves were added.</summary>
    public async ValueTask FinishAsync(CancellationToken ct)
    {
        await CompareOlderAsync(ct);
        await GrowAsync(ct);
        for (var level = 1; level <= _levels.Count; level++)
            if (_levels[level - 1] is { Count: > 0 } last) await CompareAsync(new TileId(level, last.Index, last.Count), last.Hashes, ct);
    }

    private async ValueTask CompareOlderAsync(CancellationToken ct)
    {
        for (; _compared < older.Count && older[_compared].Size == _tree.Size + _count; _compared++)
        {
            await GrowAsync(ct);
            if (_tree.Root != older[_compared].Root)
                findings.Add(new Fault(
                    "since_mismatch",
                    $"The tree of {_tree.Size} entries had the root {older[_compared].Root.ToBase64()} in the older checkpoint, and has {_tree.Root.ToBase64()} here: what was shown then was changed, or this is another's log."));
        }
    }

    private async ValueTask GrowAsync(CancellationToken ct)
    {
        if (_count == 0) return;
        var growth = _tree.Append(_waiting.AsMemory(0, _count));
        (_tree, _count) = (growth.After, 0);
        if (files is null) return;
        foreach (var part in growth.Tiles)
        {
            if (part.Level == 0) continue;
            if (_levels.Count < part.Level) _levels.Add((new Hash[TileId.FullWidth], 0, 0));
            var hashes = _levels[part.Level - 1].Hashes;
            part.Hashes.CopyTo(hashes.AsMemory(part.Offset));
            if (part.IsComplete) await CompareAsync(part.Tile, hashes, ct);
            _levels[part.Level - 1] = part.IsComplete ? (hashes, 0, part.Index + 1) : (hashes, part.Width, part.Index);
        }
    }

    private async ValueTask CompareAsync(TileId tile, Hash[] computed, CancellationToken ct)
    {
        var path = tile.ToString();
        using var bytes = await files!.ReadAsync(path, ct);
        if (Compare(tile, bytes, computed) is { } fault) findings.Add(fault with { File = path });
    }

    private static Fault? Compare(TileId tile, FileBytes? bytes, ReadOnlySpan<Hash> computed)
    {
        if (bytes is null) return new Fault("file_missing", "The tree has it, and it is not there.");
        if (!HashTile.TryRead(tile, bytes.Span, out var hashes, out var fault)) return Fault.Of(fault);
        var same = hashes.CommonPrefixLength(computed[..tile.Width]);
        if (same == tile.Width) return null;
        var height = TileId.Height * tile.Level;
        var first = ((tile.Index * TileId.FullWidth) + same) << height;
        return new Fault("tile_mismatch", $"Hash {same} of the tile is not that of the entries {first} to {first + (1L << height) - 1}.") { Position = first };
    }
}
