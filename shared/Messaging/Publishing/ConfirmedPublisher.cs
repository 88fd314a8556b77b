using System.Net.Sockets;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace ConsentLedger.Messaging.Publishing;

/// <summary>
/// Publishes over one channel with confirms, never without a time limit. After any failure the channel is dropped, so that the next attempt
/// starts on a fresh one: what a failed attempt left behind can neither be confirmed late nor hold up what follows.
/// </summary>
/// <param name="declare">Makes what it publishes to exist, on each fresh channel.</param>
internal sealed class ConfirmedPublisher(BrokerConnection broker, TimeProvider clock, Func<IChannel, CancellationToken, Task> declare) : IAsyncDisposable
{
    /// <summary>In which the broker confirms, or counts as away.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    // During the election of a queue's leader a fresh channel is nacked until it is over (fixed in RabbitMQ 3.11).
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _writing = new(1);
    private ConfirmingChannel? _channel;
    private long? _droppedAt;

    /// <summary>Returns when the broker has the message on disk; false where no queue is bound for it.</summary>
    public async Task<bool> PublishAsync(OutgoingMessage message, CancellationToken ct)
    {
        var routed = false;
        await InTimeAsync(async limited => routed = await (await WriteAsync(message, limited)).Task.WaitAsync(limited), ct);
        return routed;
    }

    /// <summary>Runs some writing and waiting for confirms under the time limit, and drops the channel if it fails.</summary>
    /// <exception cref="BrokerUnavailableException">Not everything was confirmed; some of it may be there all the same.</exception>
    public async Task InTimeAsync(Func<CancellationToken, Task> publish, CancellationToken ct)
    {
        var channel = _channel;
        using var limit = new CancellationTokenSource(Limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            await publish(either.Token);
        }
        catch (Exception e)
        {
            await DropAsync(channel);
            ct.ThrowIfCancellationRequested();
            if (e is OperationCanceledException) throw new BrokerUnavailableException("The broker did not confirm in time.", e);
            if (IsBrokers(e)) throw new BrokerUnavailableException("The broker is away.", e);
            throw;
        }
    }

    /// <summary>Hands the message to the broker. Messages written one after the other arrive in that order.</summary>
    public async Task<Confirm> WriteAsync(OutgoingMessage message, CancellationToken ct)
    {
        await _writing.WaitAsync(ct);
        try
        {
            if (_channel is not { IsOpen: true })
            {
                await CloseAsync();
                if (_droppedAt is { } at && Pause - clock.GetElapsedTime(at) is { Ticks: > 0 } left) await Task.Delay(left, clock, ct);
                _channel = await ConfirmingChannel.OpenAsync(await broker.GetAsync(ct), declare, ct);
            }

            return await _channel.WriteAsync(message, ct);
        }
        finally
        {
            _writing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _writing.Dispose();
    }

    // Of several callers that fail together, the last must not drop what the first has opened since.
    private async Task DropAsync(ConfirmingChannel? failed)
    {
        await _writing.WaitAsync(CancellationToken.None);
        try
        {
            if (failed is null || failed == _channel) await CloseAsync();
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task CloseAsync()
    {
        if (_channel is null) return;
        _droppedAt = clock.GetTimestamp();
        await _channel.DisposeAsync();
        _channel = null;
    }

    private static bool IsBrokers(Exception e) =>
        e is RabbitMQClientException or IOException or SocketException or TimeoutException or ObjectDisposedException;
}

/// <param name="Exchange">The default exchange, "", delivers to the queue named by the routing key.</param>
internal sealed record OutgoingMessage(string Exchange, string RoutingKey, BasicProperties Properties, ReadOnlyMemory<byte> Body);
