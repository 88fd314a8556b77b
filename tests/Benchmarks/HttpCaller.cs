using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace ConsentLedger.Benchmarks;

/// <summary>A caller of a service that costs as little as it can, because it shares the machine with it: one connection kept alive, bytes out and bytes in.</summary>
internal sealed class HttpCaller : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly string _head;
    private byte[] _answer = new byte[4096];

    public HttpCaller(Uri service, string path, string token)
    {
        _head = $"POST {path} HTTP/1.1\r\nHost: {service.Authority}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: ";
        _socket.Connect(service.Host, service.Port);
    }

    public byte[] Request(string body) => Encoding.UTF8.GetBytes($"{_head}{Encoding.UTF8.GetByteCount(body).ToString(CultureInfo.InvariantCulture)}\r\n\r\n{body}");

    public Socket Socket => _socket;

    /// <inheritdoc cref="Hear"/>
    public ReadOnlySpan<byte> Call(ReadOnlySpan<byte> request)
    {
        Ask(request);
        return Hear();
    }

    public void Ask(ReadOnlySpan<byte> request)
    {
        while (request.Length > 0) request = request[_socket.Send(request)..];
    }

    /// <summary>Blocks its thread, which is cheaper for the machine than being called back.</summary>
    /// <returns>The answer's body, chunks and all; it is gone with the next call.</returns>
    public ReadOnlySpan<byte> Hear()
    {
        var length = 0;
        while (true)
        {
            if (length == _answer.Length) Array.Resize(ref _answer, length * 2);
            var more = _socket.Receive(_answer.AsSpan(length));
            if (more == 0) throw new IOException("The service hung up.");
            length += more;
            if (TryFindBody(_answer.AsSpan(0, length), out var body)) return body;
        }
    }

    public void Dispose() => _socket.Dispose();

    private static bool TryFindBody(ReadOnlySpan<byte> answer, out ReadOnlySpan<byte> body)
    {
        body = default;
        var end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0) return false;
        var head = answer[..end];
        if (!head.StartsWith("HTTP/1.1 200"u8)) throw new InvalidOperationException(Encoding.UTF8.GetString(head));
        body = answer[(end + 4)..];
        var given = head.IndexOf("Content-Length: "u8);
        if (given < 0) return body.EndsWith("0\r\n\r\n"u8);
        var length = head[(given + "Content-Length: ".Length)..];
        return body.Length >= int.Parse(length.IndexOf((byte)'\r') is var line and >= 0 ? length[..line] : length, CultureInfo.InvariantCulture);
    }
}
