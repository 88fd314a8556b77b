using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ConsentLedger.Support;

/// <summary>A processor that is told by webhook: it believes what is signed as Standard Webhooks has it, and nothing else. It shares no code with the services.</summary>
public sealed class WebhookProcessor : IAsyncDisposable
{
    /// <summary>What both sides know. Services are given it under the name <c>webhook</c>.</summary>
    public const string Secret = "what the webhook and the service both know";

    private readonly Func<JsonElement, object> _answer;
    private readonly HttpListener _listener = new();
    private readonly Task _serving;

    /// <param name="answer">What it says to a task.</param>
    public WebhookProcessor(Func<JsonElement, object> answer)
    {
        _answer = answer;
        Endpoint = $"http://127.0.0.1:{FreePort()}/hook";
        _listener.Prefixes.Add($"{Endpoint}/");
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Endpoint { get; }

    /// <summary>The tasks that it was told, with those that were told again.</summary>
    public ConcurrentQueue<JsonElement> Told { get; } = [];

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            context.Response.StatusCode = IsSigned(context.Request, body.ToArray()) ? 200 : 401;
            if (context.Response.StatusCode == 200)
            {
                var task = JsonDocument.Parse(body.ToArray()).RootElement;
                Told.Enqueue(task);
                await context.Response.OutputStream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(_answer(task)));
            }

            context.Response.Close();
        }
    }

    private static bool IsSigned(HttpListenerRequest request, byte[] body)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{request.Headers["webhook-id"]}.{request.Headers["webhook-timestamp"]}."), .. body];
        return request.Headers["webhook-signature"] == $"v1,{Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), signed))}";
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
