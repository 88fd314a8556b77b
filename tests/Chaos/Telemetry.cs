using System.Net;
using System.Net.Sockets;

namespace ConsentLedger.Chaos;

/// <summary>Takes what the services send over OTLP, and puts each body into a folder. They are told of it by the environment, which they inherit.</summary>
internal sealed class Telemetry : IAsyncDisposable
{
    private static readonly string[] Settings = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_METRIC_EXPORT_INTERVAL", "OTEL_BSP_SCHEDULE_DELAY"];

    private readonly HttpListener _listener = new();
    private readonly Task _taking;

    public Telemetry(string folder)
    {
        var address = $"http://127.0.0.1:{FreePort()}";
        _listener.Prefixes.Add(address + "/");
        _listener.Start();
        _taking = TakeAsync(folder);
        foreach (var (setting, value) in Settings.Zip([address, "http/protobuf", "500", "200"])) Environment.SetEnvironmentVariable(setting, value);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var setting in Settings) Environment.SetEnvironmentVariable(setting, null);
        _listener.Close();
        await _taking;
    }

    private async Task TakeAsync(string folder)
    {
        for (var number = 0; ; number++)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                // To be read while it is written.
                var path = Path.Combine(folder, $"{number}{context.Request.Url!.AbsolutePath.Replace('/', '-')}");
                await using (var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite)) await context.Request.InputStream.CopyToAsync(file);
                context.Response.ContentType = "application/x-protobuf";
                context.Response.Close();
            }
            catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }
}
