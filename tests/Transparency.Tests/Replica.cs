using System.Collections.Concurrent;
using System.Security.Cryptography;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Ledger;
using ConsentLedger.Support;
using ConsentLedger.Transparency.Signing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ConsentLedger.Transparency.Tests;

/// <summary>One process of a service, as far as the log goes: connections, memory and logs of its own.</summary>
internal sealed class Replica : IAsyncDisposable, ILoggerProvider
{
    public const string Origin = "ledger.test/notes";

    /// <summary>The key that all replicas share.</summary>
    public static readonly byte[] Seed = RandomNumberGenerator.GetBytes(32);

    private readonly ServiceProvider _services;
    private readonly string _keyFile = Path.GetTempFileName();

    public Replica(string connectionString)
    {
        File.WriteAllBytes(_keyFile, Seed);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Ledger:Origin", Origin), new("Ledger:SigningKeyFile", _keyFile)]).Build();
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddLogging(logging => logging.AddProvider(this));
        services.AddSingleton<System.Diagnostics.Metrics.IMeterFactory>(Measured);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(NpgsqlLedger.DataSource($"{connectionString};Application Name=replica-{GetHashCode()}"));
        services.AddSingleton<IEventEngine>(s => new NpgsqlEngine(s.GetRequiredService<NpgsqlDataSource>()));
        services.AddLog(configuration);
        _services = services.BuildServiceProvider();
    }

    public static VerifierKey Key => new LogKeys(Origin, Seed).VerifierOf(SomeLedger.Tenant);

    public ConcurrentQueue<(LogLevel Level, string Message)> Logged { get; } = [];

    public Measurements Measured { get; } = new();

    public Checkpoints Checkpoints => _services.GetRequiredService<Checkpoints>();

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public string ApplicationName => $"replica-{GetHashCode()}";

    public Task StartAsync() => _services.GetRequiredService<CheckpointSigner>().StartAsync(CancellationToken.None);

    public Task StopAsync() => _services.GetRequiredService<CheckpointSigner>().StopAsync(CancellationToken.None);

    public async Task<HealthStatus> HealthAsync() => (await _services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Status;

    /// <summary>The newest checkpoint, once it is of at least this size, signed with the log's key.</summary>
    public async Task<Checkpoint> CheckpointAsync(long size)
    {
        var signed = (await Checkpoints.WaitForAsync(SomeLedger.Tenant, size, TimeSpan.FromSeconds(30), CancellationToken.None)).ShouldNotBeNull();
        TrustPolicy.Of(Key).TryOpen(signed.Note, out var trusted, out var fault).ShouldBeTrue(fault?.Reason);
        return trusted!.Head;
    }

    /// <summary>The next critical line.</summary>
    public async Task<string> AlarmAsync()
    {
        for (var left = 600; left > 0; left--)
        {
            if (Logged.FirstOrDefault(l => l.Level == LogLevel.Critical) is { Message: { } message }) return message;
            await Task.Delay(50);
        }

        throw new TimeoutException("Nobody was alarmed.");
    }

    ILogger ILoggerProvider.CreateLogger(string categoryName) => new Logger(this);

    void IDisposable.Dispose() { }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _services.DisposeAsync();
        Measured.Dispose();
        File.Delete(_keyFile);
    }

    private sealed class Logger(Replica replica) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            replica.Logged.Enqueue((logLevel, formatter(state, exception)));
    }
}
