namespace ConsentLedger.ServiceDefaults.Tests;

public sealed class ProblemTests(EdgeHost host) : IClassFixture<EdgeHost>
{
    [Fact]
    public async Task A_path_that_leads_nowhere_is_not_found() => (await host.GetAsync("/v1/nothing")).ShouldBeProblem(404, "not_found");

    [Fact]
    public async Task Another_method_is_told_which_ones_there_are()
    {
        var request = new HttpRequestMessage(HttpMethod.Delete, $"/v1/subjects/{EdgeHost.Subject}/notes");
        (await host.SendAsync(request, host.Issuer.Token())).ShouldBeProblem(405, "method_not_allowed");
    }

    [Fact]
    public async Task A_malformed_parameter_is_refused_without_an_echo() =>
        (await host.GetAsync($"/v1/subjects/{EdgeHost.Subject}/notes?asOf=canary")).ShouldBeProblem(400, "request_invalid").Text.ShouldNotContain("canary");

    [Fact]
    public async Task An_outage_says_when_to_come_back()
    {
        var answer = (await host.GetAsync("/v1/outage")).ShouldBeProblem(503, "store_unavailable");
        answer.Headers["Retry-After"].ShouldBe("2");
        answer.Text.ShouldNotContain("db-7");
    }

    [Fact]
    public async Task Where_people_come_an_outage_is_a_page()
    {
        var answer = await host.GetAsync("/pages/outage");
        (answer.Status, answer.ContentType, answer.Text).ShouldBe((503, "text/html", "<h1>store_unavailable</h1>"));
    }

    [Fact]
    public async Task A_bug_shows_its_trace_id_and_nothing_else()
    {
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        var answer = (await host.GetAsync("/v1/bug", null, ("traceparent", $"00-{trace}-b7ad6b7169203331-01"))).ShouldBeProblem(500, "internal_error");
        answer.Json.AsObject().Select(m => m.Key).ShouldBe(["type", "title", "status", "code", "traceId"]);
        ((string?)answer.Json["traceId"]).ShouldBe(trace);
        answer.Text.ShouldNotContain("canary");
        answer.Text.ShouldNotContain("Exception");
    }
}
