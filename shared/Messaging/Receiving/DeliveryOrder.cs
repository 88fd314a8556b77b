namespace ConsentLedger.Messaging.Receiving;

/// <summary>
/// Deliveries of one channel, back in the order the broker made them: the client hands them to many workers, and the second may come first.
/// The broker numbers them from 1 without a gap.
/// </summary>
internal sealed class DeliveryOrder
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, Action> _early = [];
    private ulong _next = 1;

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
}
