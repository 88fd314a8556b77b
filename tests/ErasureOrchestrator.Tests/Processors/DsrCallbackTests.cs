using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.Tests.OpenDsr;
using ConsentLedger.Support;

namespace ConsentLedger.ErasureOrchestrator.Tests.Processors;

/// <summary>The running service, and an OpenDSR processor that calls back.</summary>
public sealed class DsrCallbackTests(DsrService service) : IClassFixture<DsrService>
{
    [Fact]
    public async Task While_its_certificate_cannot_be_had_a_processor_is_asked_to_call_again_and_not_refused()
    {
        using var authority = new DsrAuthority();
        await using var processor = new SomeProcessor(authority);
        await processor.StartAsync();
        var isAway = true;
        processor.Before = context =>
        {
            if (isAway) context.Response.StatusCode = 500;
            return Task.FromResult(isAway);
        };
        var configured = await service.SendAsync(HttpMethod.Put, "/v1/processors/mailer", JsonSerializer.Serialize(new { name = "A mailer", kind = "open-dsr", endpoint = processor.Url, domain = "localhost" }), role: "operator");
        configured.Status.ShouldBe(200, configured.Text);

        var away = await CallBackAsync();
        (away.Status, away.Headers["Retry-After"], away.Reason).ShouldBe((503, "60", "certificate_unavailable"));

        // There it is, and nobody vouches for it.
        isAway = false;
        var unknown = await CallBackAsync();
        (unknown.Status, unknown.Reason).ShouldBe((403, "signature_invalid"));
    }

    private Task<DsrAnswer> CallBackAsync() => service.SendAsync(
        HttpMethod.Post, $"/v1/processor-callbacks/opendsr/quintus/{People.NewId()}/mailer", "{}", role: null, headers: [("X-OpenDSR-Processor-Domain", "localhost"), ("X-OpenDSR-Signature", "AAAA")]);
}
