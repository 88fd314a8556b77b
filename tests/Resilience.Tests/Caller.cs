using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Polly;

namespace ConsentLedger.Resilience.Tests;

/// <summary>A service that calls the shop, on a clock of its own, with somebody who reads its meters.</summary>
internal sealed class Caller : IAsyncDisposable
{
    // In the world's time: longer than any call takes that ends at all.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly IHost _host;
    private readonly MeterListener _meters = new();
    private readonly ResiliencePipeline _pipeline;
    private readonly Shop _shop;

    public Caller(Shop shop, Action<Remote> options, params (string Key, string Value)[] configuration)
    {
        _shop = shop;
        _host = HostOf(options, Clock, configuration);
        var meters = _host.Services.GetRequiredService<IMeterFactory>();
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters) listener.EnableMeasurementEvents(instrument);
        };
        _meters.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Measured.Enqueue(new(instrument, value, tags)));
        _meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Measured.Enqueue(new(instrument, value, tags)));
        _meters.Start();
        _pipeline = _host.Services.GetRequiredService<Remotes>().Calling("shop", HttpAnswers.IsOutage, HttpAnswers.RetryAfter, Retries.Enqueue);
    }

    public ManualClock Clock { get; } = new();

    public ConcurrentQueue<Retry> Retries { get; } = [];

    public ConcurrentQueue<Measure> Measured { get; } = [];

    public bool CircuitIsOpen
    {
        get
        {
            Measured.Clear();
            _meters.RecordObservableInstruments();
            return Measured.Single(m => m.Name == "consentledger.resilience.circuit_open" && (string?)m.Tags["pipeline.name"] == "shop").Value > 0;
        }
    }

    public static IHost HostOf(Action<Remote> options, TimeProvider clock, params (string Key, string Value)[] configuration)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(configuration.Select(c => KeyValuePair.Create(c.Key, (string?)c.Value)));
        builder.Services.AddSingleton(clock);
        builder.Services.AddRemote("shop", options);
        return builder.Build();
    }

    public Task AskAsync(CancellationToken ct = default) => _pipeline.ExecuteAsync(async limited => await _shop.AskAsync(Clock, limited), ct).AsTask().WaitAsync(Patience, CancellationToken.None);

    /// <summary>Asks, and lets the time pass that is waited in between.</summary>
    public async Task<IReadOnlyList<TimeSpan>> AskPatientlyAsync()
    {
        var waits = new List<TimeSpan>();
        var asking = AskAsync();
        while (await Task.WhenAny(asking, Clock.NextAsync(TimeSpan.FromHours(1))) is Task<TimeSpan> next)
        {
            waits.Add(await next);
            Clock.Pass(waits[^1]);
        }

        await asking;
        return waits;
    }

    public async ValueTask DisposeAsync()
    {
        _meters.Dispose();
        if (_host is IAsyncDisposable host) await host.DisposeAsync();
    }
}

internal sealed record Measure(string Name, double Value, IReadOnlyDictionary<string, object?> Tags)
{
    public Measure(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) : this(instrument.Name, value, tags.ToArray().ToDictionary())
    {
        Meter = instrument.Meter.Name;
    }

    public string? Meter { get; }
}
