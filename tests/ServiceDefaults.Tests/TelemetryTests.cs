using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.ServiceDefaults.Tests;

public sealed class TelemetryTests
{
    private readonly ConcurrentDictionary<string, string> _received = [];

    [Fact]
    public async Task Spans_and_metrics_are_sent_with_routes_and_without_addresses()
    {
        await using var collector = await CollectAsync();
        var host = new EdgeHost().With("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Urls.Single()).With("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        await host.InitializeAsync();
        await host.GetAsync("/u/canary-link?canary-query=1", "", ("User-Agent", "canary-agent"));
        await host.GetAsync("/v1/canary-nowhere");
        await host.GetAsync("/v1/bug");
        await host.PostAsync($"/v1/subjects/{EdgeHost.Subject}/notes", """{"text":"canary-text","weight":1}""");
        await host.DisposeAsync();

        var spans = _received["/v1/traces"];
        spans.ShouldContain("GET /u/{token}");
        spans.ShouldContain("POST /v1/subjects/{subject}/notes");
        spans.ShouldContain("service.name");
        spans.ShouldContain("service.version");
        spans.ShouldContain("internal_error");
        spans.ShouldNotContain("canary");
        var metrics = _received["/v1/metrics"];
        metrics.ShouldContain("http.server.request.duration");
        metrics.ShouldContain("/u/{token}");
        metrics.ShouldContain("consentledger.problem");
        metrics.ShouldContain("internal_error");
        metrics.ShouldNotContain("canary");
    }

    [Fact]
    public async Task Without_an_endpoint_nothing_is_sent_and_traces_are_still_joined()
    {
        var host = new EdgeHost();
        await host.InitializeAsync();
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        ((string?)(await host.GetAsync("/v1/bug", null, ("traceparent", $"00-{trace}-b7ad6b7169203331-00"))).Json["traceId"]).ShouldBe(trace);
        await host.DisposeAsync();
        _received.ShouldBeEmpty();
    }

    private async Task<WebApplication> CollectAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var collector = builder.Build();
        collector.MapPost("/v1/{signal}", async (HttpRequest request, CancellationToken ct) =>
        {
            var body = new MemoryStream();
            await request.Body.CopyToAsync(body, ct);
            // Protobuf keeps strings as they are, which is all that is looked for.
            var text = Encoding.Latin1.GetString(body.ToArray());
            _received.AddOrUpdate(request.Path, text, (_, before) => before + text);
        });
        await collector.StartAsync();
        return collector;
    }
}
