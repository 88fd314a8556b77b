using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Reading;

/// <summary>A folder that fills with what it lacks, as it is read. A file is there whole or not at all, so whoever was interrupted goes on where they were.</summary>
internal sealed class MirroredFiles(HttpFiles remote, string folder) : LogFiles
{
    /// <summary>A checkpoint whose log is not what it says.</summary>
    public const string Refused = "checkpoint.refused";

    private const string Unfinished = ".part";

    private readonly FolderFiles _local = new(folder);
    private long _downloaded;

    public override int Ahead => remote.Ahead;

    /// <summary>How many files were not there before.</summary>
    public long Downloaded => _downloaded;

    public override async ValueTask<FileBytes?> ReadAsync(string path, CancellationToken ct)
    {
        if (await _local.ReadAsync(path, ct) is { } kept) return kept;
        if (await remote.ReadAsync(path, ct) is not { } bytes) return null;
        await WriteAsync(path, bytes.Memory, ct);
        Interlocked.Increment(ref _downloaded);
        return bytes;
    }

    public async Task WriteAsync(string path, ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        var file = Path.Combine(folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllBytesAsync(file + Unfinished, bytes, ct);
        File.Move(file + Unfinished, file, overwrite: true);
    }

    /// <summary>Removes what a tree of this size no longer has: the narrow tiles of a smaller one, and what an interrupted run left unfinished. What else lies there is somebody else's.</summary>
    public void RemoveOutgrown(long size)
    {
        foreach (var path in _local.Paths.ToList())
        {
            var isUnfinished = path.EndsWith(Unfinished, StringComparison.Ordinal);
            var whole = isUnfinished ? path[..^Unfinished.Length] : path;
            var isTile = FactsPath.TryParse(whole, out var tile) || TileId.TryParse(whole, out tile, out _);
            if (isUnfinished ? isTile || whole is Checkpoint or Refused : isTile && !tile.IsFull && !tile.IsOf(size)) File.Delete(Path.Combine(folder, path));
        }

        // What they leave is an empty 000.p beside 000.
        foreach (var narrow in Directory.EnumerateDirectories(folder, "*.p", SearchOption.AllDirectories).ToList())
            if (!Directory.EnumerateFileSystemEntries(narrow).Any()) Directory.Delete(narrow);
    }
}
