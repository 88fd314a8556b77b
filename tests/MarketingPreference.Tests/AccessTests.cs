using ConsentLedger.ServiceDefaults;
using ConsentLedger.Support;

namespace ConsentLedger.MarketingPreference.Tests;

public sealed class AccessTests
{
    [Fact]
    public async Task Every_endpoint_asks_for_a_scope_except_those_meant_for_everybody()
    {
        var open = await ServiceEndpoints.OpenToEverybodyAsync(
            typeof(MarketingCatalog).Assembly, installation => installation.Preference, endpoint => endpoint.Metadata.GetMetadata<RequiredScope>() is not null);
        open.ShouldBe(
        [
            .. ServiceEndpoints.OfEveryService, "GET,HEAD /u/{token}", "POST /u/{token}", "POST /u/{token}/undo", "GET,HEAD /p/{token}", "GET,HEAD /p/{token}/uses", "GET,HEAD /p/{token}/history",
            "GET,HEAD /p/{token}/data", "POST /p/{token}/choices", "POST /p/{token}/consents", "POST /p/{token}/stop", "POST /p/{token}/undo", "POST /p/{token}/objections", "POST /p/{token}/copies",
            "POST /p/{token}/erasures", "GET,HEAD /c/{token}", "POST /c/{token}", "GET,HEAD /u/{**rest}", "GET,HEAD /p/{**rest}",
            "GET,HEAD /c/{**rest}", "POST /v1/intake/events", "POST /v1/intake/messages",
        ],
        ignoreOrder: true);
    }
}
