using ConsentLedger.ServiceDefaults;
using ConsentLedger.Support;

namespace ConsentLedger.ErasureOrchestrator.Tests;

public sealed class AccessTests
{
    [Fact]
    public async Task Every_endpoint_asks_for_a_scope_except_those_meant_for_everybody()
    {
        var open = await ServiceEndpoints.OpenToEverybodyAsync(
            typeof(ErasureCatalog).Assembly, installation => installation.Erasure, endpoint => endpoint.Metadata.GetMetadata<RequiredScope>() is not null);
        open.ShouldBe([.. ServiceEndpoints.OfEveryService, "GET,HEAD /identity/{token}", "POST /identity/{token}"], ignoreOrder: true);
    }
}
