using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ConsentLedger.ServiceDefaults.Tests;

public sealed class ServingTests(EdgeHost host) : IClassFixture<EdgeHost>
{
    [Theory]
    [InlineData(HealthStatus.Healthy, 200, "{\"status\":\"healthy\"}")]
    [InlineData(HealthStatus.Degraded, 503, "{\"status\":\"unhealthy\"}")]
    [InlineData(HealthStatus.Unhealthy, 503, "{\"status\":\"unhealthy\"}")]
    public async Task Readiness_tells_strangers_one_word(HealthStatus health, int status, string text)
    {
        host.Health = health;
        var ready = await host.GetAsync("/healthz/ready", "");
        (ready.Status, ready.Text).ShouldBe((status, text));
        (await host.GetAsync("/healthz/live", "")).Status.ShouldBe(200);
        host.Health = HealthStatus.Healthy;
    }

    [Fact]
    public async Task A_broker_that_is_away_takes_no_replica_from_those_who_ask()
    {
        host.Broker = HealthStatus.Unhealthy;
        (await host.GetAsync("/healthz/ready", "")).Status.ShouldBe(503);
        (await host.GetAsync("/healthz/serving", "")).Status.ShouldBe(200);
        host.Broker = HealthStatus.Healthy;
        host.Health = HealthStatus.Unhealthy;
        (await host.GetAsync("/healthz/serving", "")).Status.ShouldBe(503);
        host.Health = HealthStatus.Healthy;
    }

    [Theory]
    [InlineData("/healthz/live")]
    [InlineData("/v1/nothing")]
    [InlineData("/v1/bug")]
    [InlineData("/u/abc")]
    [InlineData("/v1/subjects/" + EdgeHost.Subject + "/notes")]
    public async Task Every_answer_is_guarded(string path)
    {
        var headers = (await host.GetAsync(path)).Headers;
        headers["X-Content-Type-Options"].ShouldBe("nosniff");
        headers["Cache-Control"].ShouldContain("no-store");
        headers["Referrer-Policy"].ShouldBe("no-referrer");
        headers["Content-Security-Policy"].ShouldContain("default-src 'none'");
        headers.Keys.ShouldNotContain("Server");
        headers.Keys.ShouldNotContain("Strict-Transport-Security");
    }

    [Fact]
    public async Task Headers_beyond_all_measure_are_refused() =>
        (await RawHttp.GetAsync(host.Address, "/healthz/live", "X-Filler: " + new string('a', 20_000))).Status.ShouldBe(431);
}
