using System.Net;
using System.Net.Sockets;

namespace ConsentLedger.Support;

/// <summary>
/// A port for a server that comes later, and goes and comes again: bound here, so that nobody else is given it, and not listened on, so that the server can bind it as well.
/// </summary>
public sealed class OwnPort : IDisposable
{
    private readonly Socket _bound = Bind(0);

    public int Number => ((IPEndPoint)_bound.LocalEndPoint!).Port;

    public void Dispose() => _bound.Dispose();

    internal static Socket Bind(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        return socket;
    }
}
