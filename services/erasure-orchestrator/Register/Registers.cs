using System.Collections.Concurrent;

namespace ConsentLedger.ErasureOrchestrator.Register;

/// <summary>
/// Tenants' registers for calls in which nobody has signed in yet: whose they are stands in the register. Each is replayed once and read on from there, strictly, so that a stranger's call
/// costs as little in the years to come as on the first day.
/// </summary>
public sealed class Registers(IEventEngine engine, EventCatalog catalog)
{
    private readonly ConcurrentDictionary<TenantId, (TenantRegister State, long Version)> _known = [];

    public async Task<TenantRegister> ReadAsync(TenantId tenant, CancellationToken ct)
    {
        var (state, version) = _known.TryGetValue(tenant, out var known) ? known : (TenantRegister.Empty, 0);
        var since = await engine.ReadStreamsAsync([new StreamSlice(TenantRegister.Of(tenant), version)], ct);
        if (since.Count == 0) return state;
        (state, version) = (since.Aggregate(state, (register, e) => TenantRegister.Stream.After(register, catalog.Decode(e), e.Place)), since[^1].Place.Version);

        // Of two who have read at once the one who saw more.
        _known.AddOrUpdate(tenant, (state, version), (_, other) => other.Version > version ? other : (state, version));
        return state;
    }
}
