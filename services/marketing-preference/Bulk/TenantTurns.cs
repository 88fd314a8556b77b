namespace ConsentLedger.MarketingPreference.Bulk;

/// <summary>
/// Who may read or send very much just now. Each holds a connection for as long as the other side takes, and the pool is the one that unsubscribes need; so there are few, and one tenant who is slow
/// leaves the others theirs.
/// </summary>
public sealed class TenantTurns(int ofOneTenant, int ofAll)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TenantId, int> _taken = [];

    /// <returns>Held for as long as it takes; null where there is no turn now.</returns>
    public IDisposable? TryTake(TenantId tenant)
    {
        lock (_lock)
        {
            var taken = _taken.GetValueOrDefault(tenant);
            if (taken >= ofOneTenant || _taken.Values.Sum() >= ofAll) return null;
            _taken[tenant] = taken + 1;
        }

        return new Turn(this, tenant);
    }

    private void Return(TenantId tenant)
    {
        lock (_lock)
        {
            if (--_taken[tenant] == 0) _taken.Remove(tenant);
        }
    }

    private sealed class Turn(TenantTurns turns, TenantId tenant) : IDisposable
    {
        private TenantTurns? _turns = turns;

        public void Dispose() => Interlocked.Exchange(ref _turns, null)?.Return(tenant);
    }
}
