using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ConsentLedger.Support;

/// <summary>
/// The way to a real server, through a port of its own, shut at first. Shut, connections are refused and those there were are cut; silent, they are
/// taken and nothing comes of it.
/// </summary>
public sealed class Gate : IAsyncDisposable
{
    private readonly string _host;
    private readonly int _port;
    private readonly ConcurrentDictionary<Socket, byte> _through = [];
    private Socket _door = OwnPort.Bind(0);
    private Task _letting = Task.CompletedTask;

    public Gate(string host, int port)
    {
        (_host, _port) = (host, port);
        Port = ((IPEndPoint)_door.LocalEndPoint!).Port;
    }

    public int Port { get; }

    public Task OpenAsync() => ReopenAsync(LetThroughAsync);

    public Task OpenSilentlyAsync() => ReopenAsync(_ => Task.CompletedTask);

    /// <summary>The port stays ours: bound, and nobody listens.</summary>
    public async Task ShutAsync()
    {
        _door.Dispose();
        foreach (var socket in _through.Keys) socket.Dispose();
        await _letting;
        _through.Clear();
        _door = OwnPort.Bind(Port);
    }

    public async ValueTask DisposeAsync()
    {
        await ShutAsync();
        _door.Dispose();
    }

    private async Task ReopenAsync(Func<Socket, Task> with)
    {
        await ShutAsync();
        _door.Listen();
        _letting = LetInAsync(_door, with);
    }

    private async Task LetInAsync(Socket door, Func<Socket, Task> with)
    {
        while (true)
        {
            try
            {
                var guest = await door.AcceptAsync();
                _through[guest] = 0;
                _ = with(guest);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task LetThroughAsync(Socket guest)
    {
        var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        _through[server] = 0;
        try
        {
            await server.ConnectAsync(_host, _port);
            await Task.WhenAny(CopyAsync(guest, server), CopyAsync(server, guest));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Shut, or the server is gone: either way both sides are cut.
        }

        foreach (var socket in (Socket[])[guest, server])
        {
            socket.Dispose();
            _through.TryRemove(socket, out _);
        }
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[16 * 1024];
        while (await from.ReceiveAsync(buffer) is > 0 and var length)
            for (var sent = 0; sent < length;) sent += await to.SendAsync(buffer.AsMemory(sent, length - sent));
    }
}
