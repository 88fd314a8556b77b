using ConsentLedger.ErasureOrchestrator.Outbound;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

/// <summary>
/// Where a controller's callbacks may go: <c>OpenDsr:CallbackHosts:&lt;tenant&gt;</c>, names with a comma between them. Whoever holds a token could otherwise make this service call
/// any host in its name, so that none is called which was not agreed on.
/// </summary>
public sealed class CallbackHosts(IConfiguration configuration, OutboundHttp http)
{
    public bool Allow(TenantId tenant, Uri url) => http.MayCall(url)
        && (configuration[$"OpenDsr:CallbackHosts:{tenant}"] ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Contains(url.Host, StringComparer.OrdinalIgnoreCase);
}
