using System.Buffers.Text;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using ConsentLedger.EventStore;

namespace ConsentLedger.Benchmarks;

/// <summary>
/// A mail system that streams a whole mailing through the gate in one call and reads the answers as they come. It costs as little as it can, because it shares the machine with what it measures: lines
/// are the same but for the id, and answers are counted and not parsed.
/// </summary>
internal sealed class MailingCaller(Uri service, string token, string topic, bool headers)
{
    private const int LinesAtOnce = 512, IdAt = 12, IdLength = 36;

    private readonly byte[] _line = Encoding.ASCII.GetBytes(
        $"{{\"subject\":\"00000000-0000-0000-0000-000000000000\",\"topic\":\"{topic}\",\"channel\":\"email\"{(headers ? "" : ",\"headers\":false")}}}\n");

    /// <returns>How many lines came back, how many of them with a yes, and how many bytes.</returns>
    public async Task<(int Lines, int Yes, long Bytes)> SendAsync(int recipients, Func<int, StreamId> recipient, CancellationToken ct)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(service.Host, service.Port, ct);
        var head = string.Create(CultureInfo.InvariantCulture,
            $"POST /v1/send-decisions HTTP/1.1\r\nHost: {service.Authority}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/x-ndjson\r\nContent-Length: {(long)recipients * _line.Length}\r\n\r\n");
        await socket.SendAsync(Encoding.ASCII.GetBytes(head), ct);
        var answers = Task.Run(() => ReadAsync(socket, recipients, ct), ct);
        var block = new byte[LinesAtOnce * _line.Length];
        for (var line = 0; line < LinesAtOnce; line++) _line.CopyTo(block, line * _line.Length);
        for (var i = 0; i < recipients;)
        {
            var lines = Math.Min(LinesAtOnce, recipients - i);
            for (var line = 0; line < lines; line++) Utf8Formatter.TryFormat(recipient(i++).Value, block.AsSpan((line * _line.Length) + IdAt, IdLength), out _);
            for (var rest = block.AsMemory(0, lines * _line.Length); rest.Length > 0;) rest = rest[await socket.SendAsync(rest, ct)..];
        }

        return await answers;
    }

    /// <summary>Lines are counted by what they begin with: the service sends whole ones, whatever frames them.</summary>
    private static async Task<(int Lines, int Yes, long Bytes)> ReadAsync(Socket socket, int lines, CancellationToken ct)
    {
        var (buffer, kept, heard, yes, bytes, isChecked) = (new byte[256 * 1024], 0, 0, 0, 0L, false);
        while (heard < lines)
        {
            var more = await socket.ReceiveAsync(buffer.AsMemory(kept), ct);
            if (more == 0) throw new IOException($"The service hung up after {heard} lines.");
            bytes += more;
            if (!isChecked && !buffer.AsSpan().StartsWith("HTTP/1.1 200"u8)) throw new InvalidOperationException(Encoding.ASCII.GetString(buffer.AsSpan(0, kept + more)));
            isChecked = true;
            kept = Count(buffer.AsSpan(0, kept + more), ref heard, ref yes);
        }

        return (heard, yes, bytes);
    }

    /// <returns>How much of the end is kept, because a line may begin in it.</returns>
    private static int Count(Span<byte> bytes, ref int lines, ref int yes)
    {
        var begin = "{\"allowed\":"u8;
        var at = 0;
        while (bytes[at..].IndexOf(begin) is var next and >= 0 && at + next + begin.Length < bytes.Length)
        {
            at += next + begin.Length;
            lines++;
            if (bytes[at] == 't') yes++;
        }

        var rest = bytes[Math.Max(at, bytes.Length - begin.Length)..];
        rest.CopyTo(bytes);
        return rest.Length;
    }
}
