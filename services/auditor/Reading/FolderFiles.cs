using System.Buffers;

namespace ConsentLedger.Auditor.Reading;

/// <summary>A log export: a folder with the files as they are served.</summary>
internal sealed class FolderFiles(string folder) : LogFiles
{
    public override int Ahead => 4 * Environment.ProcessorCount;

    public override IEnumerable<string> Paths =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'));

    public override ValueTask<FileBytes?> ReadAsync(string path, CancellationToken ct) => ValueTask.FromResult(Read(path));

    private FileBytes? Read(string path)
    {
        try
        {
            using var file = File.OpenHandle(Path.Combine(folder, path), options: FileOptions.SequentialScan);
            var length = RandomAccess.GetLength(file);
            if (length > MaxLength) throw new IOException($"{path} has {length} bytes; no file of a log is larger than {MaxLength}.");
            var bytes = ArrayPool<byte>.Shared.Rent((int)length);
            var read = 0;
            while (read < length && RandomAccess.Read(file, bytes.AsSpan(read, (int)length - read), read) is > 0 and var count) read += count;
            return new FileBytes(bytes, read);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
