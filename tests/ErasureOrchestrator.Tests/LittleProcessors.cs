using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Register;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>Processors of a tenant behind one real HTTP server: each system answers as it is told to, and erases a request once however often it hears of it.</summary>
internal sealed class LittleProcessors : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Func<int, HttpStatusCode>> _behaviours = [];
    private readonly ConcurrentDictionary<(string System, string Request), int> _calls = [];
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly int _port = FreePort();
    private HttpListener? _listener;
    private Task _serving = Task.CompletedTask;

    public LittleProcessors() => Open();

    /// <summary>How often each was told.</summary>
    public IReadOnlyDictionary<(string System, string Request), int> Calls => _calls;

    public static Processor Of(string system) => new(system, system, ProcessorKind.Webhook, Endpoint: null, Assignee: null, []);

    /// <param name="behaviour">From how often the request was told before.</param>
    public void Answers(string system, Func<int, HttpStatusCode> behaviour) => _behaviours[system] = behaviour;

    public int CallsOf(string system, Guid request) => _calls.GetValueOrDefault((system, request.ToString()));

    public void Open()
    {
        var listener = _listener = new HttpListener { Prefixes = { $"http://127.0.0.1:{_port}/" } };
        listener.Start();
        _serving = ServeAsync(listener);
    }

    /// <summary>Nobody listens any more.</summary>
    public async Task CloseAsync()
    {
        _listener?.Stop();
        _listener?.Close();
        _listener = null;
        await _serving;
    }

    public async Task<TaskReply> SendAsync(TaskCall call, CancellationToken ct)
    {
        try
        {
            using var content = new StringContent("{}", Encoding.UTF8, "application/json");
            using var answer = await _http.PostAsync(new Uri($"http://127.0.0.1:{_port}/{call.Processor.Id}/{call.Request}"), content, ct);
            return answer.StatusCode switch
            {
                HttpStatusCode.OK => new TaskReply.Done(TaskOutcome.Erased, Reason: null),
                HttpStatusCode.Accepted => new TaskReply.Accepted("ref", ExpectedBy: null),
                HttpStatusCode.Forbidden => new TaskReply.Refused("status-403"),
                var status => new TaskReply.Unreachable($"status-{(int)status}", answer.Headers.RetryAfter?.Delta),
            };
        }
        catch (HttpRequestException)
        {
            return new TaskReply.Unreachable("no-answer", RetryAfter: null);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _http.Dispose();
    }

    private async Task ServeAsync(HttpListener listener)
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            var (system, request) = (context.Request.Url!.Segments[1].TrimEnd('/'), context.Request.Url.Segments[2]);
            var before = _calls.AddOrUpdate((system, request), 1, (_, n) => n + 1) - 1;
            context.Response.StatusCode = (int)(_behaviours.TryGetValue(system, out var behaviour) ? behaviour(before) : HttpStatusCode.OK);
            context.Response.Close();
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
