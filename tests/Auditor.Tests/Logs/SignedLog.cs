using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Tests.Logs;

/// <summary>A log as whoever has its key signs and exports it: honestly, or after they changed something. Its files by their paths.</summary>
internal sealed record SignedLog(SigningKey Key, IReadOnlyList<byte[]> Entries, IReadOnlyList<string>? Facts)
{
    public const string Origin = "ledger.example.org/consent/quintus";

    public static SigningKey NewKey(string origin = Origin) => SigningKey.Generate(origin, SignatureType.Ed25519);

    public TrustPolicy Policy => TrustPolicy.Of(Key.Verifier);

    public Note Checkpoint => new Checkpoint(Key.Verifier.Name, Entries.Count, Frontier.Empty.Append(Leaves()).Root).Sign(Key);

    /// <summary>The log when it had only so many entries.</summary>
    public SignedLog First(int count) => this with { Entries = [.. Entries.Take(count)], Facts = Facts?.Take(count).ToList() };

    public Dictionary<string, byte[]> ToFiles()
    {
        var files = new Dictionary<string, byte[]> { [LogFiles.Checkpoint] = Checkpoint.ToBytes() };
        foreach (var bundle in TileId.OfLevel(TileId.Entries, Entries.Count))
        {
            var bytes = new ArrayBufferWriter<byte>();
            foreach (var entry in Of(Entries, bundle)) EntryBundle.Write(entry, bytes);
            files.Add(bundle.ToString(), bytes.WrittenSpan.ToArray());
            if (Facts is not null) files.Add(bundle.ToString().Replace("tile/entries/", "facts/", StringComparison.Ordinal), Encoding.UTF8.GetBytes(string.Concat(Of(Facts, bundle).Select(line => $"{line}\n"))));
        }

        var hashes = Leaves();
        for (var level = 0; hashes.Length > 0; level++)
        {
            foreach (var tile in TileId.OfLevel(level, Entries.Count)) files.Add(tile.ToString(), Hash.AsBytes(hashes.AsSpan((int)tile.Index * TileId.FullWidth, tile.Width)).ToArray());
            hashes = [.. hashes.Chunk(TileId.FullWidth).Where(full => full.Length == TileId.FullWidth).Select(full => Frontier.Empty.Append(full).Root)];
        }

        return files;
    }

    public string WriteTo(string folder)
    {
        foreach (var (path, bytes) in ToFiles())
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, path))!);
            File.WriteAllBytes(Path.Combine(folder, path), bytes);
        }

        return folder;
    }

    private Hash[] Leaves() => [.. Entries.Select(e => TreeHash.Leaf(e))];

    private static IEnumerable<T> Of<T>(IEnumerable<T> all, TileId bundle) => all.Skip((int)bundle.Index * TileId.FullWidth).Take(bundle.Width);
}

/// <summary>What an auditor was given, before anything is written to a disk.</summary>
internal sealed class FilesInMemory(IReadOnlyDictionary<string, byte[]> files) : LogFiles
{
    public override int Ahead => 2;

    public override IEnumerable<string> Paths => files.Keys;

    public override ValueTask<FileBytes?> ReadAsync(string path, CancellationToken ct) => ValueTask.FromResult(files.TryGetValue(path, out var bytes) ? FileBytes.CopyOf(bytes) : null);
}

/// <summary>Files of somebody who sees that they are asked for again, and then gives out others.</summary>
/// <param name="under">The beginning of the paths concerned.</param>
/// <param name="again">What such a file is the next time; null where it is withheld then.</param>
internal sealed class FilesShownOnce(IReadOnlyDictionary<string, byte[]> files, string under, Func<byte[], byte[]?> again) : LogFiles
{
    private readonly ConcurrentDictionary<string, byte[]> _shown = [];

    public override int Ahead => 2;

    public override IEnumerable<string> Paths => files.Keys;

    public override ValueTask<FileBytes?> ReadAsync(string path, CancellationToken ct)
    {
        var bytes = files.GetValueOrDefault(path);
        if (bytes is not null && path.StartsWith(under, StringComparison.Ordinal) && !_shown.TryAdd(path, bytes)) bytes = again(bytes);
        return ValueTask.FromResult(bytes is null ? null : FileBytes.CopyOf(bytes));
    }
}
