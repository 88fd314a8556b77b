using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.ServiceDefaults.Tests;

public sealed class LogTests(EdgeHost host) : IClassFixture<EdgeHost>
{
    [Fact]
    public async Task No_log_line_holds_a_link_a_query_a_body_a_token_or_what_an_exception_quotes()
    {
        await host.GetAsync("/u/canary-link?canary-query=1", "");
        await host.GetAsync($"/v1/subjects/{EdgeHost.Subject}/notes?asOf=canary-query");
        await host.GetAsync("/v1/nothing?q=canary-query");
        await host.PostAsync("/v1/echo", """{"text":"canary-body","weight":"x"}""");
        await host.PostAsync("/v1/echo", "canary-body {");
        await host.GetAsync("/v1/bug?q=canary-query");
        var token = host.Issuer.Token(Issuer.Claims(client: "canary-client", tenant: "*"));
        await host.GetAsync($"/v1/subjects/{EdgeHost.Subject}/notes", token);
        await host.GetAsync($"/v1/subjects/{EdgeHost.Subject}/notes", token + "x");
        await host.GetAsync($"/v1/subjects/{EdgeHost.Subject}/notes", "canary-token.b.c");

        var lines = host.Logs.Lines.ToArray();
        lines.ShouldContain(l => l.Contains("A request failed on a bug.", StringComparison.Ordinal));
        lines.ShouldAllBe(l => !l.Contains("canary", StringComparison.OrdinalIgnoreCase));
        lines.ShouldAllBe(l => !l.Contains(token, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_line_is_one_JSON_object_that_leads_to_the_trace_and_the_place_of_the_bug()
    {
        const string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        await host.GetAsync("/v1/bug", null, ("traceparent", $"00-{trace}-00f067aa0ba902b7-01"));
        var line = host.Logs.Lines.Single(l => l.Contains(trace, StringComparison.Ordinal));
        line.TrimEnd().ShouldNotContain("\n");
        var json = JsonNode.Parse(line)!;
        ((string?)json["level"]).ShouldBe("Error");
        ((string?)json["error"]!["type"]).ShouldBe("System.InvalidOperationException");
        ((string?)json["error"]!["stack"]).ShouldNotBeNull().ShouldContain(nameof(Notes));
        json["error"]!["message"].ShouldBeNull();
    }

    [Fact]
    public async Task The_address_of_a_request_is_not_printed_even_where_an_operator_asks_for_more()
    {
        var verbose = new EdgeHost().With("Logging:LogLevel:Default", "Trace").With("Logging:LogLevel:Microsoft.AspNetCore", "Trace")
            .With("Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics", "Trace");
        await verbose.InitializeAsync();
        await verbose.GetAsync("/u/canary-link?canary-query=1", "");
        await verbose.DisposeAsync();
        verbose.Logs.Lines.ShouldAllBe(l => !l.Contains("canary", StringComparison.Ordinal));
        var loggers = host.Services.GetRequiredService<ILoggerFactory>();
        loggers.CreateLogger("Microsoft.AspNetCore.Hosting.Diagnostics").IsEnabled(LogLevel.Information).ShouldBeFalse();
        loggers.CreateLogger("Microsoft.AspNetCore.Routing.Matching.DfaMatcher").IsEnabled(LogLevel.Debug).ShouldBeFalse();
    }
}
