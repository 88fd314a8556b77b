using Microsoft.AspNetCore.Routing;

namespace ConsentLedger.Transparency;

public static class LogEndpoints
{
    /// <summary>
    /// Every tenant's log under <c>/log/{tenant}</c>, as C2SP tlog-tiles has it. Hashes and signatures are for everybody; entries and facts are for the tenant's
    /// auditors.
    /// </summary>
    public static void MapLog(this IEndpointRouteBuilder api)
    {
        ReadCheckpoint.Map(api);
        ReadTile.Map(api);
        ReadEntries.Map(api);
        ReadFacts.Map(api);
    }
}
