using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.Resilience.Tests;

/// <summary>A remote over real HTTP that answers as it is told: each request the next way, and 200 when nothing more is said.</summary>
internal sealed class Shop : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Func<HttpContext, Task>> _answers = [];
    private readonly HttpClient _http;
    private readonly SemaphoreSlim _arrived = new(0);
    private int _asked;

    private Shop(WebApplication app)
    {
        _app = app;
        _http = new HttpClient();
    }

    public int Asked => Volatile.Read(ref _asked);

    public static async Task<Shop> OpenAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var shop = new Shop(builder.Build());
        shop._app.Run(shop.AnswerAsync);
        await shop._app.StartAsync();
        shop._http.BaseAddress = new Uri(shop._app.Urls.Single());
        return shop;
    }

    public Shop ThenBusy(string? retryAfter = null, int status = 503)
    {
        _answers.Enqueue(context =>
        {
            context.Response.StatusCode = status;
            if (retryAfter is not null) context.Response.Headers.RetryAfter = retryAfter;
            return Task.CompletedTask;
        });
        return this;
    }

    public Shop ThenHang()
    {
        _answers.Enqueue(context => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default));
        return this;
    }

    public async Task AskAsync(TimeProvider clock, CancellationToken ct)
    {
        using var answer = await _http.GetAsync(new Uri("/", UriKind.Relative), ct);
        answer.EnsureAnswered(clock);
    }

    public async Task AskedAgainAsync() => (await _arrived.WaitAsync(TimeSpan.FromSeconds(30))).ShouldBeTrue();

    public async ValueTask DisposeAsync()
    {
        _arrived.Dispose();
        _http.Dispose();
        await _app.DisposeAsync();
    }

    private Task AnswerAsync(HttpContext context)
    {
        Interlocked.Increment(ref _asked);
        _arrived.Release();
        return _answers.TryDequeue(out var answer) ? answer(context) : Task.CompletedTask;
    }
}
