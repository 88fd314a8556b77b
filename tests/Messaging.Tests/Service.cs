using ConsentLedger.Contracts;
using ConsentLedger.EventStore;
using ConsentLedger.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.Messaging.Tests;

/// <summary>One of our services as far as the bus is concerned: a log in memory, a relay, consumers.</summary>
internal sealed class Service : IAsyncDisposable
{
    public const string Exchange = "consent.events";
    public const string NoteType = "note.taken.v1";

    private static readonly EventCatalog Catalog = new((NoteType, typeof(NoteTaken)));
    private static readonly StreamType<NoteTaken> Notebook = new(new NoteTaken(0), (_, e, _) => (NoteTaken)e);

    private readonly IHost _host;
    private readonly MemoryEngine _engine = new();
    private readonly DeciderLoop _loop;

    private Service(Uri broker, Action<BusPlan> plan, Action<IServiceCollection> services)
    {
        _loop = new DeciderLoop(_engine, Catalog, TimeProvider.System);
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection([new("Broker:Uri", broker.ToString())]);
        builder.Services.AddSingleton<IEventEngine>(_engine);
        services(builder.Services);
        builder.Services.AddMessaging(builder.Configuration, plan);
        _host = builder.Build();
    }

    public IServiceProvider Services => _host.Services;

    public static async Task<Service> StartAsync(Uri broker, Action<BusPlan> plan, Action<IServiceCollection>? services = null)
    {
        var service = new Service(broker, plan, services ?? (_ => { }));
        await service._host.StartAsync();
        return service;
    }

    public static Task<Service> StartAsync(Broker broker, Action<BusPlan> plan, Action<IServiceCollection>? services = null) => StartAsync(broker.Uri, plan, services);

    public static CloudEvent? Translate(StoredEvent e) => new()
    {
        Id = e.Id.ToString(),
        Source = "https://consentledger/test",
        Type = e.Type,
        Time = e.Place.RecordedAt,
        Subject = e.Stream.Id.ToString(),
        Tenant = e.Stream.Tenant.ToString(),
        Position = e.Place.Position,
        StreamVersion = e.Place.Version,
        Data = e.Data,
    };

    /// <summary>Commits notes numbered from <paramref name="first"/>, one command each.</summary>
    public async Task TakeNotesAsync(int first, int count, string? traceParent = null, string tenant = Messages.Tenant)
    {
        var stream = new StreamKey(TenantId.Parse(tenant), new StreamId(Messages.NewId()));
        for (var number = first; number < first + count; number++)
        {
            var note = new NoteTaken(number);
            var command = new Command(stream, Notebook, Digest.Of("test", $"{stream}/{number}"), default, _ => Decision.Of(note)) { TraceParent = traceParent };
            (await _loop.ExecuteAsync(command, CancellationToken.None)).ShouldBeOfType<Outcome.Recorded>();
        }
    }

    public async Task<HealthStatus> HealthAsync() => (await Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Name == "broker")).Status;

    /// <summary>Ready when its queues have their consumers.</summary>
    public async Task<Service> ReadyAsync()
    {
        await Messages.Eventually(async () => (await HealthAsync()).ShouldBe(HealthStatus.Healthy));
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        if (_host is IAsyncDisposable host) await host.DisposeAsync();
        await _loop.DisposeAsync();
        _engine.Dispose();
    }

    private sealed record NoteTaken(int Number);
}

/// <summary>Hands every message to the test.</summary>
internal sealed class Handler(Func<CloudEvent, CancellationToken, Task> handle) : ICommandConsumer
{
    private readonly Lock _gate = new();
    private readonly List<CloudEvent> _handled = [];
    private readonly List<ParkedCommand> _refused = [];

    public IReadOnlyList<CloudEvent> Handled
    {
        get
        {
            lock (_gate) return [.. _handled];
        }
    }

    public IReadOnlyList<ParkedCommand> Refused
    {
        get
        {
            lock (_gate) return [.. _refused];
        }
    }

    public async Task ConsumeAsync(CloudEvent message, CancellationToken ct)
    {
        await handle(message, ct);
        lock (_gate) _handled.Add(message);
    }

    /// <summary>What is handled again later is a repeat. What counts is when each was handled first, subject by subject.</summary>
    public void ShouldHaveHandledInOrder(IEnumerable<CloudEvent> sent)
    {
        var order = sent.Select((message, i) => (message.Id, i)).ToDictionary(m => m.Id, m => m.i);
        foreach (var subject in Handled.DistinctBy(m => m.Id).GroupBy(m => (m.Tenant, m.Subject)))
            subject.Select(m => order[m.Id]).ShouldBeInOrder();
    }

    public Task RefuseAsync(ParkedCommand command, CancellationToken ct)
    {
        lock (_gate) _refused.Add(command);
        return Task.CompletedTask;
    }
}
