using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Verifying;

/// <summary>
/// Up to 256 entries with their leaves and facts: as much of a log as is checked at a time, and the most that is in memory of each. Used again and again.
/// </summary>
internal sealed class LeafTile
{
    private readonly Hash[] _leaves = new Hash[TileId.FullWidth];
    private readonly Entry[] _entries = new Entry[TileId.FullWidth];
    private readonly bool[] _known = new bool[TileId.FullWidth];
    private readonly bool[] _purged = new bool[TileId.FullWidth];
    private TileId _id;

    public List<Fault> Faults { get; } = [];

    public long First => _id.Index * TileId.FullWidth;

    public int Width => _id.Width;

    /// <summary>Computed from the entries; where an entry is missing, as the tile has it, so that the rest can be checked.</summary>
    public ReadOnlyMemory<Hash> Leaves => _leaves.AsMemory(0, Width);

    public ref readonly Entry this[int i] => ref _entries[i];

    /// <summary>Whether the entry could be read.</summary>
    public bool Knows(int i) => _known[i];

    /// <summary>Whether its facts are said to be purged.</summary>
    public bool IsPurged(int i) => _purged[i];

    /// <summary>What one pass saw here and another has to see again, beside the leaves.</summary>
    public void AddSeenTo(IncrementalHash seen)
    {
        seen.AppendData(MemoryMarshal.AsBytes<bool>(_known));
        seen.AppendData(MemoryMarshal.AsBytes<bool>(_purged));
        seen.AppendData(BitConverter.GetBytes(Faults.Count));
    }

    /// <param name="bundle">Of the entries, as wide as the tree has it.</param>
    public async Task<LeafTile> ReadAsync(LogFiles files, TileId bundle, Checking checking, CancellationToken ct)
    {
        _id = bundle;
        Faults.Clear();
        _leaves.AsSpan().Clear();
        _known.AsSpan().Clear();
        _purged.AsSpan().Clear();

        var hashed = checking.Entries == EntryReading.None ? 0 : await ReadEntriesAsync(files, checking.Entries, ct);
        await CompareAsync(files, hashed, ct);
        if (checking.HasFacts) await ReadFactsAsync(files, ct);
        return this;
    }

    private async Task<int> ReadEntriesAsync(LogFiles files, EntryReading reading, CancellationToken ct)
    {
        var path = _id.ToString();
        using var bytes = await files.ReadAsync(path, ct);
        if (bytes is null)
        {
            Faults.Add(Missing(path));
            return 0;
        }

        var hashed = Width;
        if (!EntryBundle.TryHashLeaves(bytes.Span, _leaves.AsSpan(0, Width), out var fault))
        {
            hashed = HashWhatIsThere(bytes.Span);
            Faults.Add(Fault.Of(fault) with { File = path, Position = First + hashed });
        }

        if (reading == EntryReading.Ledger) Decode(bytes.Span, path);
        return hashed;
    }

    private int HashWhatIsThere(ReadOnlySpan<byte> bundle)
    {
        var reader = new EntryBundle.Reader(bundle);
        var count = 0;
        while (count < Width && reader.TryRead(out var entry)) _leaves[count++] = TreeHash.Leaf(entry);
        return count;
    }

    private void Decode(ReadOnlySpan<byte> bundle, string path)
    {
        var reader = new EntryBundle.Reader(bundle);
        for (var i = 0; i < Width && reader.TryRead(out var bytes); i++)
        {
            _known[i] = Entry.TryDecode(bytes, out _entries[i], out var fault);
            if (fault is not null) Faults.Add(Fault.Of(fault) with { File = path, Position = First + i });
        }
    }

    /// <summary>Holds the tile of leaves against the entries, and takes from it what there is no entry for.</summary>
    private async Task CompareAsync(LogFiles files, int hashed, CancellationToken ct)
    {
        var tile = _id with { Level = 0 };
        var path = tile.ToString();
        using var bytes = await files.ReadAsync(path, ct);
        if (bytes is null) Faults.Add(Missing(path));
        else if (!HashTile.TryRead(tile, bytes.Span, out var hashes, out var fault)) Faults.Add(Fault.Of(fault) with { File = path, Position = First });
        else Compare(hashes, hashed, path);
    }

    private void Compare(ReadOnlySpan<Hash> hashes, int hashed, string path)
    {
        hashes[hashed..].CopyTo(_leaves.AsSpan(hashed));
        var (first, count) = (-1, 0);
        for (var i = 0; i < hashed; i++)
        {
            if (hashes[i] == _leaves[i]) continue;
            if (count++ == 0) first = i;
        }

        if (count == 0) return;
        var reason = count == 1 ? $"This entry of {_id} does not have the leaf that the tile has." : $"{count} entries of {_id}, this the first, do not have the leaves that the tile has.";
        var mismatch = new Fault("leaf_mismatch", reason) { File = path, Position = First + first };
        Faults.Add(_known[first] ? mismatch.At(First + first, _entries[first]) : mismatch);
    }

    private async Task ReadFactsAsync(LogFiles files, CancellationToken ct)
    {
        var path = FactsPath.Of(_id);
        using var bytes = await files.ReadAsync(path, ct);
        if (bytes is null) Faults.Add(Missing(path));
        else CheckFacts(bytes.Span, path);
    }

    private void CheckFacts(ReadOnlySpan<byte> lines, string path)
    {
        var count = 0;
        for (; !lines.IsEmpty && count < Width; count++)
        {
            var end = lines.IndexOf((byte)'\n');
            if (end < 0) break;
            var position = First + count;
            if (_known[count] && FactsLine.Check(lines[..end], position, _entries[count], out _purged[count]) is { } fault)
                Faults.Add(fault.At(position, _entries[count]) with { File = path });
            lines = lines[(end + 1)..];
        }

        if (count < Width || !lines.IsEmpty)
            Faults.Add(new Fault("facts_count_wrong", $"The file has not exactly {Width} lines, each with its newline: one for each entry.") { File = path, Position = First + count });
    }

    private Fault Missing(string path) => new("file_missing", "The tree has it, and it is not there.") { File = path, Position = First };
}

/// <summary>Facts lie beside bundles: <c>facts/…</c> for <c>tile/entries/…</c>.</summary>
internal static class FactsPath
{
    private const string Entries = "tile/entries/", Facts = "facts/";

    public static string Of(TileId bundle) => string.Concat(Facts, bundle.ToString().AsSpan(Entries.Length));

    public static bool TryParse(string path, out TileId bundle)
    {
        bundle = default;
        return path.StartsWith(Facts, StringComparison.Ordinal) && TileId.TryParse(string.Concat(Entries, path.AsSpan(Facts.Length)), out bundle, out _);
    }
}
