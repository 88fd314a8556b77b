namespace ConsentLedger.Messaging.Receiving;

/// <summary>
/// Deliveries of one channel, back in the order the broker made them: the client hands them to many workers, and the second may come first.
/// The broker numbers them from 1 without a gap.
/// </summary>
internal sealed class Deliveries
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

    /// <summary>
    /// Settles a delivery, or gives up all that are not settled yet: the broker will make them again, this one first, so none that follows it may be handled now.
    /// </summary>
    public async Task SettleAsync(Func<Task> settle)
    {
        if (Volatile.Read(ref _givenUp)) throw new OperationCanceledException("An earlier delivery of the channel was not settled.");
        try
        {
            await settle();
        }
        catch
        {
            Volatile.Write(ref _givenUp, true);
            throw;
        }
    }
}
