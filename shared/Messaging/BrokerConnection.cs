using ConsentLedger.Resilience;
using Microsoft.Extensions.Logging;
using Polly;
using RabbitMQ.Client;

namespace ConsentLedger.Messaging;

/// <summary>The one connection of this process that publishes. Opened when first needed, and again when it is found closed.</summary>
internal sealed class BrokerConnection(BrokerAddress address, Remotes remotes, ILogger<BrokerConnection> log) : IAsyncDisposable
{
    private readonly SemaphoreSlim _opening = new(1);
    private readonly ResiliencePipeline _untilThere = remotes.Calling(
        MessagingRegistration.Broker, e => e is not OperationCanceledException, tell: retry => log.NotConnected(retry.Exception?.Kind() ?? "", retry.Delay.TotalMilliseconds), what: "connect");

    private IConnection? _connection;

    public async Task<IConnection> GetAsync(CancellationToken ct)
    {
        if (_connection is { IsOpen: true } open) return open;
        await _opening.WaitAsync(ct);
        try
        {
            if (_connection is { IsOpen: true } opened) return opened;
            if (_connection is not null) await _connection.DisposeAsync();
            _connection = await address.Factory().CreateConnectionAsync(ct);
            log.Connected();
            return _connection;
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Asks again and again until there is a broker.</summary>
    public async Task WaitAsync(CancellationToken ct) => await _untilThere.ExecuteAsync(async ct => await GetAsync(ct), ct);

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null) await _connection.DisposeAsync();
        _opening.Dispose();
    }
}

/// <summary>Where the broker is: <c>amqp://user:password@host:port/vhost</c>, or <c>amqps://</c>.</summary>
internal sealed record BrokerAddress(Uri Uri)
{
    /// <summary>What RabbitMQ itself allows: a message that it took in must never be one that we cannot take out.</summary>
    public const uint MaxMessageBytes = 128 * 1024 * 1024;

    // Reopening is ours to do: recovery behind our back would hide which confirms were lost.
    public ConnectionFactory Factory() => new()
    {
        Uri = Uri,
        AutomaticRecoveryEnabled = false,
        TopologyRecoveryEnabled = false,
        RequestedHeartbeat = TimeSpan.FromSeconds(10),
        RequestedConnectionTimeout = TimeSpan.FromSeconds(5),
        MaxInboundMessageBodySize = MaxMessageBytes,
        ClientProvidedName = AppDomain.CurrentDomain.FriendlyName,
    };
}
