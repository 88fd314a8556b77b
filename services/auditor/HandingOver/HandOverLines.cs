using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Consent.HandingOver;

namespace ConsentLedger.Auditor.HandingOver;

/// <summary>Reads <c>consentledger-handover/1</c> from its first line to its last, one line in memory. Its order is one, so whoever asks for a key when none is left has read all of them.</summary>
internal sealed class HandOverLines : IDisposable
{
    /// <summary>In bytes. An envelope holds what came in one message, of 256 KiB at most.</summary>
    private const int MaxLine = 1024 * 1024;

    public static readonly Fault
        Malformed = new("handover_malformed", "The line is not one that a hand-over has here, or not in its one spelling."),
        Incomplete = new("handover_incomplete", "The file ends before the hand-over does.");

    private readonly FileStream _file;
    private byte[] _buffer = new byte[64 * 1024];
    private int _start, _end;

    public HandOverLines(string file) => _file = new FileStream(file, new FileStreamOptions { Options = FileOptions.SequentialScan, BufferSize = 0 });

    /// <summary>Takes in every line but the last.</summary>
    public IncrementalHash? Mac { get; set; }

    /// <summary>From 1.</summary>
    public long Line { get; private set; }

    /// <summary>What is wrong where nothing more could be read.</summary>
    public Fault? Fault { get; private set; }

    public bool TryReadHead([NotNullWhen(true)] out HandOverHead? head)
    {
        Take(out head);
        if (head is not null && (head.Format != HandOverFile.Format || head.Algorithms != HandOverAlgorithms.Known)) (head, Fault) = (null, Malformed);
        return head is not null;
    }

    public bool TryReadKey([NotNullWhen(true)] out HandedOverKey? key) => TryTake("{\"subject\":"u8, out key);

    public bool TryReadEnvelope([NotNullWhen(true)] out HandedOverEnvelope? envelope) => TryTake("{\"position\":"u8, out envelope);

    /// <summary>The end, and the MAC behind it, with which the file is over.</summary>
    public bool TryReadEnd([NotNullWhen(true)] out HandOverEnd? end, [NotNullWhen(true)] out HandOverSeal? seal)
    {
        seal = null;
        if (!TryTake("{\"keys\":"u8, out end) && Fault is null) Fault = Next() is { } other ? (other.IsEmpty ? Incomplete : Malformed) : Incomplete;
        if (end is null) return false;
        var mac = Mac;
        Mac = null;
        Take(out seal);
        if (seal is not null && Next() is { IsEmpty: false }) (seal, Fault) = (null, Malformed);
        Mac = mac;
        return seal is not null;
    }

    public void Dispose() => _file.Dispose();

    private bool TryTake<T>(ReadOnlySpan<byte> beginning, out T? line)
        where T : class
    {
        line = null;
        if (Fault is not null || Next() is not { } next || !next.Span.StartsWith(beginning)) return false;
        Take(out line);
        return line is not null;
    }

    private void Take<T>(out T? line)
        where T : class
    {
        line = null;
        if (Fault is not null) return;
        Line++;
        if (Next() is not { IsEmpty: false } next)
        {
            Fault = Incomplete;
            return;
        }

        line = HandOverFile.Read<T>(next.Span[..^1]);
        if (line is null) Fault = Malformed;
        Mac?.AppendData(next.Span);
        _start += next.Length;
    }

    /// <summary>The line that comes next, with its newline; empty at the end of the file, and null where no such line may be.</summary>
    private ReadOnlyMemory<byte>? Next()
    {
        for (var searched = 0; ;)
        {
            var newline = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (newline >= 0) return _buffer.AsMemory(_start, searched + newline + 1);
            searched = _end - _start;
            if (searched >= MaxLine) return null;
            if (_start > 0)
            {
                _buffer.AsSpan(_start, searched).CopyTo(_buffer);
                (_start, _end) = (0, searched);
            }

            if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
            var read = _file.Read(_buffer, _end, _buffer.Length - _end);
            if (read == 0) return searched == 0 ? ReadOnlyMemory<byte>.Empty : null;
            _end += read;
        }
    }
}
