using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace ConsentLedger.Messaging.Publishing;

/// <summary>
/// A channel with publisher confirms, followed by ourselves: the client's own tracking waits for each message in turn and adds a header of its
/// own to every one of them.
/// </summary>
internal sealed class ConfirmingChannel : IAsyncDisposable
{
    private readonly IChannel _channel;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<ulong, Confirm> _outstanding = [];
    private ulong _lastNumber;

    private ConfirmingChannel(IChannel channel)
    {
        _channel = channel;
        channel.BasicAcksAsync += (_, e) => Settle(e.DeliveryTag, e.Multiple, confirm => confirm.Take());
        channel.BasicNacksAsync += (_, e) => Settle(e.DeliveryTag, e.Multiple, confirm => confirm.Refuse("The broker refused the message."));
        channel.BasicReturnAsync += Return;
        channel.ChannelShutdownAsync += (_, _) => Settle(ulong.MaxValue, multiple: true, confirm => confirm.Refuse("The channel was closed before the broker confirmed."));
    }

    public bool IsOpen => _channel.IsOpen;

    public static async Task<ConfirmingChannel> OpenAsync(IConnection connection, Func<IChannel, CancellationToken, Task> declare, CancellationToken ct)
    {
        var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false), ct);
        try
        {
            await declare(channel, ct);
            return new ConfirmingChannel(channel);
        }
        catch
        {
            await channel.DisposeAsync();
            throw;
        }
    }

    /// <summary>One at a time: the broker counts messages, and so do we.</summary>
    public async Task<Confirm> WriteAsync(OutgoingMessage message, CancellationToken ct)
    {
        var confirm = new Confirm(message.Properties.MessageId, message.RoutingKey);
        lock (_gate) _outstanding.Add(++_lastNumber, confirm);
        await _channel.BasicPublishAsync(message.Exchange, message.RoutingKey, mandatory: true, message.Properties, message.Body, ct);

        // The channel may have been closed before the message was noted, and then nothing comes any more.
        if (!_channel.IsOpen) await Settle(ulong.MaxValue, multiple: true, c => c.Refuse("The channel is closed."));
        return confirm;
    }

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await Settle(ulong.MaxValue, multiple: true, confirm => confirm.Refuse("The channel was given up."));
    }

    private Task Settle(ulong number, bool multiple, Action<Confirm> settle)
    {
        List<Confirm> settled = [];
        lock (_gate)
        {
            if (multiple)
            {
                while (_outstanding.Count > 0 && _outstanding.First() is var (first, confirm) && first <= number)
                {
                    _outstanding.Remove(first);
                    settled.Add(confirm);
                }
            }
            else if (_outstanding.Remove(number, out var confirm))
            {
                settled.Add(confirm);
            }
        }

        settled.ForEach(settle);
        return Task.CompletedTask;
    }

    // A return names no number. It comes before the confirm of the same message, and two of one id and key are the same message.
    private Task Return(object sender, BasicReturnEventArgs e)
    {
        lock (_gate)
            foreach (var confirm in _outstanding.Values)
                if (confirm.Is(e.BasicProperties.MessageId, e.RoutingKey)) confirm.Returned = true;
        return Task.CompletedTask;
    }
}

/// <summary>The broker's word on one message.</summary>
internal sealed class Confirm(string? messageId, string routingKey)
{
    private readonly TaskCompletionSource<bool> _word = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>True when the message is in every queue bound for it, false when none is; an exception when it must be published again.</summary>
    public Task<bool> Task => _word.Task;

    public bool Returned { get; set; }

    public bool Is(string? id, string key) => id == messageId && key == routingKey;

    public void Take() => _word.TrySetResult(!Returned);

    public void Refuse(string reason) => _word.TrySetException(new BrokerUnavailableException(reason));
}
