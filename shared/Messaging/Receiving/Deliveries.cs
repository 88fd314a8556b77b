using RabbitMQ.Client;

namespace ConsentLedger.Messaging.Receiving;

/// <summary>
/// Deliveries of one channel, back in the order the broker made them: the client hands them to many workers, and the second may come first.
/// The broker numbers them from 1 without a gap.
/// </summary>
internal sealed class Deliveries(IChannel channel)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, Action> _early = [];
    private ulong _next = 1;
    private bool _givenUp;

    /// <summary>Runs <paramref name="enter"/> when all deliveries before this one have entered.</summary>
    public void Arrive(ulong number, Action enter)
    {
        lock (_gate)
        {
            _early[number] = enter;
            while (_early.Remove(_next, out var turn))
            {
                _next++;
                turn();
            }
        }
    }

    /// <summary>Settles a delivery, or gives up all that are not settled yet: none that follows it may be handled before it is delivered again.</summary>
    public async Task SettleAsync(Func<Task> settle)
    {
        lock (_gate)
            if (_givenUp) throw new OperationCanceledException("An earlier delivery of the channel was not settled.");
        try
        {
            await settle();
        }
        catch
        {
            GiveUp();
            throw;
        }
    }

    /// <summary>
    /// Closing the channel hands everything back in order. Handing back one message would put it behind those already on their way here, so whoever fails second
    /// waits until the close is under way.
    /// </summary>
    public void GiveUp()
    {
        lock (_gate)
        {
            if (_givenUp) return;
            _givenUp = true;

            // Not awaited: closing waits for its handlers, and this is one.
            if (channel.IsOpen) _ = channel.AbortAsync(CancellationToken.None);
        }
    }
}
