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
        open.ShouldBe(
            [
                .. ServiceEndpoints.OfEveryService,

                // OpenDSR's discovery, and what its answers and our certificates are looked at with.
                "GET /v1/discovery", "GET /v2/discovery", "GET /opendsr/certificate.pem", "GET /v1/certificate.css",

                // Signing in to the desk, and what its pages look like.
                "GET /desk/sign-in", "POST /desk/sign-in", "POST /desk/sign-out", "GET /desk/desk.css",

                // The link that was mailed to a person.
                "GET,HEAD /identity/{token}", "POST /identity/{token}",

                // Processors prove who they are by their signature.
                "POST /v1/processor-callbacks/opendsr/{tenant}/{request:guid}/{system}", "POST /v1/processor-callbacks/webhook/{tenant}/{request:guid}/{system}",
            ],
            ignoreOrder: true);
    }
}
