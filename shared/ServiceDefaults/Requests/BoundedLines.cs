using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace ConsentLedger.ServiceDefaults;

/// <summary>The lines of a body without an end, each of bounded length: what is longer is passed over, and never held in memory.</summary>
public static class BoundedLines
{
    /// <returns>Each line without its end; null for one that is too long.</returns>
    public static async IAsyncEnumerable<byte[]?> ReadAsync(PipeReader reader, int maxBytes, [EnumeratorCancellation] CancellationToken ct)
    {
        var isTooLong = false;
        for (var isLast = false; !isLast;)
        {
            var read = await reader.ReadAsync(ct);
            var rest = read.Buffer;
            isLast = read.IsCompleted;
            try
            {
                while (rest.PositionOf((byte)'\n') is { } end)
                {
                    var line = isTooLong ? null : Cut(rest.Slice(0, end), maxBytes);
                    (rest, isTooLong) = (rest.Slice(rest.GetPosition(1, end)), false);
                    yield return line;
                }

                if (isLast && (isTooLong || !rest.IsEmpty)) yield return isTooLong ? null : Cut(rest, maxBytes);

                // One more than a line has, for the carriage return that may end it.
                isTooLong |= rest.Length > maxBytes + 1;
                if (isTooLong) rest = rest.Slice(rest.End);
            }
            finally
            {
                reader.AdvanceTo(rest.Start, read.Buffer.End);
            }
        }
    }

    private static byte[]? Cut(ReadOnlySequence<byte> line, int maxBytes)
    {
        if (line.Length > maxBytes + 1) return null;
        var bytes = line.ToArray();
        if (bytes is [.., (byte)'\r']) bytes = bytes[..^1];
        return bytes.Length > maxBytes ? null : bytes;
    }
}
