using System.Buffers;
using System.IO.Pipelines;

namespace ConsentLedger.MarketingPreference.Sending;

/// <summary>Some lines of a stream, one after the other in memory that is used again.</summary>
internal sealed class LinesPart(int capacity) : IDisposable
{
    private const int UsualLine = 160;

    private readonly List<(long Number, int Start, int Length)> _lines = new(capacity);
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(capacity * UsualLine);
    private int _length;

    public int Count => _lines.Count;

    public bool IsFull => _lines.Count == capacity;

    public long NumberOf(int line) => _lines[line].Number;

    /// <returns>False for a line that was too long to be kept.</returns>
    public bool TryGet(int line, out ReadOnlyMemory<byte> bytes)
    {
        var (_, start, length) = _lines[line];
        bytes = length < 0 ? default : _bytes.AsMemory(start, length);
        return length >= 0;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    /// <summary>
    /// As many lines as are there already, and never more than fit: whoever waits for an answer before they send the next line gets it. Blank lines are counted and passed over; what is longer than
    /// a line may be is never held in memory.
    /// </summary>
    /// <param name="handle">Disposes of the part. While it has none ready for the next, nothing is read.</param>
    public static async Task ReadAsync(PipeReader reader, int lines, int maxBytes, Func<LinesPart, ValueTask> handle, CancellationToken ct)
    {
        var (part, number, isTooLong) = (new LinesPart(lines), 0L, false);
        try
        {
            for (var isLast = false; !isLast;)
            {
                var reading = reader.ReadAsync(ct);
                if (part.Count > 0 && !reading.IsCompleted) await HandleAsync();
                var read = await reading;
                var rest = read.Buffer;
                isLast = read.IsCompleted;
                try
                {
                    while (part.Take(ref rest, ref number, ref isTooLong, maxBytes)) await HandleAsync();
                    if (isLast && (isTooLong || !rest.IsEmpty)) part.Add(++number, rest, isTooLong, maxBytes);

                    // One more than a line has, for the carriage return that may end it.
                    isTooLong |= rest.Length > maxBytes + 1;
                    if (isTooLong) rest = rest.Slice(rest.End);
                }
                finally
                {
                    reader.AdvanceTo(rest.Start, read.Buffer.End);
                }
            }

            if (part.Count > 0) await HandleAsync();
        }
        finally
        {
            part.Dispose();
        }

        async ValueTask HandleAsync()
        {
            var full = part;
            part = new LinesPart(lines);
            await handle(full);
        }
    }

    /// <summary>Whole lines, until there are no more or this is full.</summary>
    /// <returns>Whether it is full.</returns>
    private bool Take(ref ReadOnlySequence<byte> rest, ref long number, ref bool isTooLong, int maxBytes)
    {
        var lines = new SequenceReader<byte>(rest);
        while (!IsFull && lines.TryReadTo(out ReadOnlySequence<byte> line, (byte)'\n'))
        {
            Add(++number, line, isTooLong, maxBytes);
            isTooLong = false;
        }

        rest = rest.Slice(lines.Position);
        return IsFull;
    }

    private void Add(long number, ReadOnlySequence<byte> line, bool isTooLong, int maxBytes)
    {
        if (isTooLong || line.Length > maxBytes + 1)
        {
            _lines.Add((number, 0, -1));
            return;
        }

        var length = (int)line.Length;
        if (_length + length > _bytes.Length) Grow(_length + length);
        line.CopyTo(_bytes.AsSpan(_length));
        if (length > 0 && _bytes[_length + length - 1] == '\r') length--;
        if (length > maxBytes) _lines.Add((number, 0, -1));
        else if (!_bytes.AsSpan(_length, length).Trim(" \t\r"u8).IsEmpty)
        {
            _lines.Add((number, _length, length));
            _length += length;
        }
    }

    private void Grow(int needed)
    {
        var more = ArrayPool<byte>.Shared.Rent(Math.Max(needed, _bytes.Length * 2));
        _bytes.AsSpan(0, _length).CopyTo(more);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = more;
    }
}
