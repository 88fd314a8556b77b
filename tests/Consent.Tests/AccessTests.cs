using ConsentLedger.ServiceDefaults;
using ConsentLedger.Support;

namespace ConsentLedger.Consent.Tests;

public sealed class AccessTests
{
    [Fact]
    public async Task Every_endpoint_asks_for_a_scope_except_those_meant_for_everybody()
    {
        var open = await ServiceEndpoints.OpenToEverybodyAsync(
            typeof(ConsentCatalog).Assembly, installation => installation.Consent, endpoint => endpoint.Metadata.GetMetadata<RequiredScope>() is not null);
        open.ShouldBe([.. ServiceEndpoints.OfEveryService, "GET /console/console.css", "GET /console/console.js", "GET /console/icon.svg", "GET /console/sign-in", "POST /console/sign-in", "POST /console/sign-out"], ignoreOrder: true);
    }
}
