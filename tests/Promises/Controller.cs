using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Support;

namespace ConsentLedger.Promises;

/// <summary>A controller that uses the running services, through the clients that it has.</summary>
/// <param name="tenant">Its name there.</param>
/// <param name="pack">Its first policy, as it is deployed.</param>
public sealed class Controller(Installation here, string tenant, JsonObject pack, CancellationToken ct)
{
    public string Tenant => tenant;

    public HttpClient Backend { get; } = here.Client(here.Consent, tenant, "backend");

    public HttpClient Preferences { get; } = here.Client(here.Preference, tenant, "backend");

    public HttpClient EmailSystem { get; } = here.Client(here.Preference, tenant, "email");

    private HttpClient Campaigns { get; } = here.Client(here.Consent, tenant, "email");

    public HttpClient Auditor { get; } = here.Client(here.Consent, tenant, "auditor");

    public HttpClient PrivacyTeam { get; } = here.Client(here.Erasure, tenant, "privacy");

    public HttpClient ErasureOperator { get; } = here.Client(here.Erasure, tenant, "operator");

    public HttpClient Operator { get; } = here.Client(here.Consent, tenant, "operator");

    public Installation Here => here;

    public CancellationToken Ct => ct;

    public Person NewPerson() => new(this);

    /// <summary>The policy in force, as anybody reads it who may.</summary>
    public Task<JsonElement> PolicyAsync() => Operator.GetOkAsync("/v1/policies/current", ct);

    /// <summary>Everybody whom a list of people is about.</summary>
    public async Task<IReadOnlyList<string?>> AudienceAsync(string question)
    {
        var (lines, uri) = ("", new Uri($"/v1/audiences/{question}", UriKind.Relative));
        await Acts.EventuallyAsync("the audience is there", async () =>
        {
            using var answer = await Campaigns.GetAsync(uri, ct);
            lines = await answer.Content.ReadAsStringAsync(ct);
            if (answer.StatusCode == HttpStatusCode.ServiceUnavailable) return false;
            answer.StatusCode.ShouldBe(HttpStatusCode.OK, lines);
            return true;
        }, ct);
        return [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).SkipLast(1).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("subject").GetString())];
    }

    /// <summary>Puts the policy in force, changed and under another version, and waits until marketing-preference has heard of it, too.</summary>
    public async Task PublishAsync(string version, Action<JsonObject>? change = null)
    {
        await PutPolicyAsync(version, HttpStatusCode.OK, change);
        var anybody = new { subject = Acts.NewSubject(), topic = "none", channel = "email" };
        await Acts.EventuallyAsync($"policy {version} of {tenant} is in force at the gate", async () =>
            (await EmailSystem.PostOkAsync("/v1/send-decisions", anybody, ct)).TryGetProperty("policyVersion", out var inForce) && inForce.GetString() == version, ct);
    }

    /// <summary>The code and the reason with which such a policy is refused.</summary>
    public async Task<string> RefusedPolicyAsync(string version, Action<JsonObject> change) => (await PutPolicyAsync(version, HttpStatusCode.UnprocessableEntity, change)).ToString();

    private async Task<JsonElement> PutPolicyAsync(string version, HttpStatusCode expected, Action<JsonObject>? change)
    {
        var changed = (JsonObject)pack.DeepClone();
        (changed["tenant"], changed["version"]) = (tenant, version);
        change?.Invoke(changed);
        using var body = JsonContent.Create<JsonNode>(changed);
        using var answer = await Operator.PutAsync(new Uri($"/v1/policies/{version}", UriKind.Relative), body, ct);
        return await answer.ReadAsync(expected, ct);
    }
}
