using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using ConsentLedger.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.Chaos.Storm;

/// <summary>How a processor behaves; the first five of a hundred calls.</summary>
/// <param name="SlowByMs">At most so much later it answers.</param>
/// <param name="TakesHours">At most so long it takes for a task, by the clock that the test moves.</param>
internal sealed record Manner(int Fails = 0, int AsksForTime = 0, int Hangs = 0, int DropsBefore = 0, int DropsAfterwards = 0, int SlowByMs = 0, int TakesHours = 2, bool Lies = false)
{
    public static readonly Manner Flaky = new(Fails: 15, AsksForTime: 8, Hangs: 3, DropsBefore: 8, DropsAfterwards: 8), Slow = new(SlowByMs: 300, TakesHours: 60), Lying = new(Lies: true), Good = new();
}

internal sealed record Answer(int Status, byte[] Body, params IReadOnlyList<(string Name, string Value)> Headers);

/// <summary>
/// Somebody else's system, as a server of its own. It carries a task out once, however often it is told of it, and remembers everything that it said. It shares no code with
/// the service.
/// </summary>
internal abstract class PlayedProcessor(string name, Manner manner, MovableClock clock, int seed, CancellationToken ct) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, PlayedTask> _tasks = [];
    private readonly PriorityQueue<Func<Task>, DateTimeOffset> _toSay = new();
    private readonly SemaphoreSlim _voices = new(8);
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly Random _chance = new(seed);
    private readonly OwnPort _port = new();
    private WebApplication? _app;
    private Task _speaking = Task.CompletedTask;
    private int _calls;
    private int _unsaid;
    private volatile bool _isOver;

    public string Name => name;

    public Uri Url => new($"http://localhost:{_port.Number}/");

    /// <summary>As the register has it.</summary>
    public abstract object Entry { get; }

    public IReadOnlyCollection<PlayedTask> Tasks => [.. _tasks.Values];

    public int Calls => _calls;

    /// <summary>What must not have happened.</summary>
    public ConcurrentQueue<string> Wrongs { get; } = [];

    protected Manner Manner => manner;

    protected DateTimeOffset Now => clock.GetUtcNow();

    public async Task OpenAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{_port.Number}");
        _app = builder.Build();
        _app.Run(TakeAsync);
        await _app.StartAsync(ct);
        _speaking = SpeakAsync();
    }

    /// <summary>Whether everything that it has to say is said.</summary>
    public bool HasSaidAll => Volatile.Read(ref _unsaid) == 0;

    /// <summary>Ends where what it is at fails.</summary>
    public Task Speaking => _speaking;

    public async ValueTask DisposeAsync()
    {
        _isOver = true;
        if (_app is not null) await _app.DisposeAsync();
        _http.Dispose();
        _voices.Dispose();
        _port.Dispose();
    }

    protected abstract Answer AnswerTo(HttpRequest request, byte[] body);

    /// <summary>From this many possibilities.</summary>
    protected int Chance(int many)
    {
        lock (_chance) return _chance.Next(many);
    }

    /// <returns>The task; and whether it is new, which is when it is carried out.</returns>
    protected (PlayedTask Task, bool IsNew) Told(string reference, Guid request, string subject, string type)
    {
        lock (_tasks)
        {
            var isNew = !_tasks.TryGetValue(reference, out var task);
            if (isNew) _tasks[reference] = task = new PlayedTask(reference, request, subject, type, TruthOf(type), Now.AddMinutes(Chance(manner.TakesHours * 60)));
            task!.Tellings++;
            return (task, isNew);
        }
    }

    protected PlayedTask? Find(string reference) => _tasks.GetValueOrDefault(reference);

    protected abstract Word TruthOf(string type);

    /// <summary>Done by itself, once it is so late by the test's clock.</summary>
    protected void Later(DateTimeOffset at, Func<Task> act)
    {
        Interlocked.Increment(ref _unsaid);
        lock (_toSay) _toSay.Enqueue(act, at);
    }

    private async Task SpeakAsync()
    {
        var speaking = new List<Task>();
        while (!_isOver)
        {
            while (Next() is { } act) speaking.Add(SpeakAsync(act));
            foreach (var ended in speaking.Where(s => s.IsCompleted).ToList())
            {
                speaking.Remove(ended);
                await ended;
            }

            await Task.Delay(50, ct);
        }

        Func<Task>? Next()
        {
            lock (_toSay) return _toSay.TryPeek(out _, out var at) && at <= Now ? _toSay.Dequeue() : null;
        }
    }

    private async Task SpeakAsync(Func<Task> act)
    {
        await act();
        Interlocked.Decrement(ref _unsaid);
    }

    /// <summary>Says a word by a callback, until somebody answers.</summary>
    protected async Task SayAsync(PlayedTask task, Word word, Func<HttpRequestMessage> message)
    {
        task.Say(word);
        var status = await CallAsync(message);
        if (status == 202) task.Acknowledge(word);
        else Wrongs.Enqueue($"{name} said {word} of {task.Request} and heard {status}");
    }

    /// <summary>Says what nobody may believe.</summary>
    protected async Task LieAsync(string lie, Func<HttpRequestMessage> message)
    {
        if (await CallAsync(message) is var status and not (>= 400 and < 500)) Wrongs.Enqueue($"{name} lied ({lie}) and heard {status}");
    }

    /// <summary>Again while nobody is there, or out of order; few at a time, and each time after a longer wait.</summary>
    protected async Task<int> CallAsync(Func<HttpRequestMessage> message)
    {
        for (var time = 0; ; time++)
        {
            await _voices.WaitAsync(ct);
            try
            {
                using var call = message();
                using var answer = await _http.SendAsync(call, ct);
                if (answer.StatusCode != HttpStatusCode.ServiceUnavailable) return (int)answer.StatusCode;
            }
            catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !ct.IsCancellationRequested))
            {
                // It was just killed.
            }
            finally
            {
                _voices.Release();
            }

            await Task.Delay(100 << Math.Min(time, 5), ct);
        }
    }

    private async Task TakeAsync(HttpContext context)
    {
        Interlocked.Increment(ref _calls);
        try
        {
            var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            if (manner.SlowByMs > 0) await Task.Delay(Chance(manner.SlowByMs), context.RequestAborted);
            await TakeAsync(context, body.ToArray(), Chance(100));
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The caller is gone.
        }
    }

    private async Task TakeAsync(HttpContext context, byte[] body, int roll)
    {
        if ((roll -= manner.Fails) < 0)
        {
            context.Response.StatusCode = 500;
        }
        else if ((roll -= manner.AsksForTime) < 0)
        {
            context.Response.StatusCode = Chance(2) == 0 ? 503 : 429;
            context.Response.Headers.RetryAfter = Chance(3) switch
            {
                0 => "1",
                1 => $"{Chance(7200)}",
                _ => Now.AddMinutes(Chance(300)).ToString("R", CultureInfo.InvariantCulture),
            };
        }
        else if ((roll -= manner.Hangs) < 0)
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }
        else if ((roll -= manner.DropsBefore) < 0)
        {
            context.Abort();
        }
        else
        {
            var answer = AnswerTo(context.Request, body);
            if (roll - manner.DropsAfterwards < 0)
            {
                context.Abort();
                return;
            }

            context.Response.StatusCode = answer.Status;
            foreach (var (header, value) in answer.Headers) context.Response.Headers[header] = value;
            await context.Response.Body.WriteAsync(answer.Body, context.RequestAborted);
        }
    }
}
