using System.Buffers;

namespace ConsentLedger.Auditor.Reading;

/// <summary>The files of one log by their C2SP paths, wherever they lie.</summary>
internal abstract class LogFiles
{
    public const string Checkpoint = "checkpoint";

    /// <summary>In bytes. Larger than any tile or bundle can be; a line of facts may have a quarter of a mebibyte.</summary>
    public const int MaxLength = 64 * 1024 * 1024;

    /// <summary>How many files to ask for at a time.</summary>
    public abstract int Ahead { get; }

    /// <summary>A file's bytes, for whoever disposes them; null where there is no such file.</summary>
    public abstract ValueTask<FileBytes?> ReadAsync(string path, CancellationToken ct);

    /// <summary>Every path there is; empty where that cannot be asked.</summary>
    public virtual IEnumerable<string> Paths => [];
}

/// <summary>Borrowed from the pool: a log of ten million entries is a hundred thousand files.</summary>
internal sealed class FileBytes(byte[] pooled, int length) : IDisposable
{
    public static FileBytes CopyOf(ReadOnlySpan<byte> bytes)
    {
        var pooled = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(pooled);
        return new FileBytes(pooled, bytes.Length);
    }

    public ReadOnlySpan<byte> Span => pooled.AsSpan(0, length);

    public ReadOnlyMemory<byte> Memory => pooled.AsMemory(0, length);

    public void Dispose() => ArrayPool<byte>.Shared.Return(pooled);
}
