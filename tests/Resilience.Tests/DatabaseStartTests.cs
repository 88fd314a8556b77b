using System.Diagnostics.Metrics;
using ConsentLedger.EventStore;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ConsentLedger.Resilience.Tests;

/// <summary>A service starts before its real database can be reached.</summary>
public sealed class DatabaseStartTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private PostgresDatabase _database = null!;
    private Gate _gate = null!;
    private IHost _service = null!;
    private PollyEvents _events = null!;

    public async Task InitializeAsync()
    {
        _database = await PostgresDatabase.CreateAsync("start");
        var there = new NpgsqlConnectionStringBuilder(_database.ConnectionString);
        _gate = new Gate(there.Host!, there.Port);
        // The driver's own limit for connecting: while it shakes hands it hears no cancellation.
        (there.Host, there.Port, there.Timeout) = ("127.0.0.1", _gate.Port, 1);

        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
            [new("ConnectionStrings:Ledger", there.ConnectionString), new("Resilience:ledger:BaseDelayMs", "20"), new("Resilience:ledger:MaxDelayMs", "200")]);
        builder.Services.AddLedger(builder.Configuration, new EventCatalog(("note.taken.v1", typeof(NoteTaken))));
        _service = builder.Build();
        _events = new PollyEvents(_service.Services.GetRequiredService<IMeterFactory>());
    }

    public async Task DisposeAsync()
    {
        _events.Dispose();
        await ((IAsyncDisposable)_service).DisposeAsync();
        await _gate.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A_service_waits_for_a_database_that_comes_up_later()
    {
        var starting = _service.StartAsync();
        await _events.NextAsync("ledger", "OnRetry");
        starting.IsCompleted.ShouldBeFalse();

        await _gate.OpenAsync();
        await starting.WaitAsync(Patience);
        await _service.Services.GetRequiredService<IEventEngine>().ReadHeadsAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_database_that_takes_the_call_and_says_nothing_is_asked_again()
    {
        await _gate.OpenSilentlyAsync();
        var starting = _service.StartAsync();
        await _events.NextAsync("ledger", "OnRetry");
        starting.IsCompleted.ShouldBeFalse();

        await _gate.OpenAsync();
        await starting.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_service_that_is_told_to_stop_while_it_waits_stops()
    {
        using var stop = new CancellationTokenSource();
        var starting = _service.StartAsync(stop.Token);
        await _events.NextAsync("ledger", "OnRetry");
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => starting.WaitAsync(Patience));
    }

    private sealed record NoteTaken(string Text);
}
