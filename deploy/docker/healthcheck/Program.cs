using System.Net.Sockets;

// Asks the service in the same container whether it is ready; exit code 0 says yes. Smaller images have neither curl nor a shell.
using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(4));
using var service = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
try
{
    await service.ConnectAsync("127.0.0.1", 8080, limit.Token);
    await service.SendAsync("GET /healthz/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), limit.Token);
    var answer = new byte["HTTP/1.1 200".Length];
    var length = await service.ReceiveAsync(answer, limit.Token);
    if (answer.AsSpan(0, length).SequenceEqual("HTTP/1.1 200"u8)) return 0;
    Console.WriteLine("Not ready; the log says why.");
}
catch (Exception e) when (e is SocketException or OperationCanceledException)
{
    Console.WriteLine("It does not listen or answer yet.");
}

return 1;
