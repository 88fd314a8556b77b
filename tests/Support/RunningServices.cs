using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Xunit;

namespace ConsentLedger.Support;

/// <summary>One installation for many tests, with the five controllers' policies in force.</summary>
public sealed class RunningProduct() : RunningServices(consentAlone: false);

/// <summary>The consent service by itself.</summary>
public sealed class RunningConsent() : RunningServices(consentAlone: true);

public abstract class RunningServices(bool consentAlone) : IAsyncLifetime
{
    public static readonly string[] Tenants = ["spectral-tms", "assutech", "allure-systems", "quintus", "vms"];

    public Installation Installation { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        Installation = await Installation.StartAsync(patience.Token, consentAlone);
        foreach (var tenant in Tenants) await PublishPolicyAsync(Installation, tenant, patience.Token);
    }

    public async Task DisposeAsync() => await Installation.DisposeAsync();

    public static async Task PublishPolicyAsync(Installation installation, string tenant, CancellationToken ct)
    {
        var pack = await File.ReadAllTextAsync(Path.Combine(Servers.Checkout, "deploy", "policies", $"{tenant}.json"), ct);
        var version = JsonDocument.Parse(pack).RootElement.GetProperty("version").GetString();
        using var content = new StringContent(pack, Encoding.UTF8, "application/json");
        using var answer = await installation.Client(installation.Consent, tenant, "operator").PutAsync(new Uri($"/v1/policies/{version}", UriKind.Relative), content, ct);
        await answer.ReadAsync(HttpStatusCode.OK, ct);
    }
}

/// <summary>Small words for what outsiders do.</summary>
public static class Acts
{
    public static string NewSubject() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString();

    public static string Ago(double seconds) => TimeProvider.System.GetUtcNow().AddSeconds(-seconds).ToString("O");

    /// <summary>A moment after all that is recorded and before all that will be. The ledger's clock counts whole milliseconds, so this one is waited out.</summary>
    public static string Moment()
    {
        var now = TimeProvider.System.GetUtcNow();
        SpinWait.SpinUntil(() => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() > now.ToUnixTimeMilliseconds());
        return now.ToString("O");
    }

    public static object Grant(string purpose, string? channel = "email", string actor = "subject", double secondsAgo = 10, string method = "web-form", object? evidence = null, string? recipient = null) =>
        new { purpose, channel, recipient, occurredAt = Ago(secondsAgo), actor, method, evidence };

    public static object Withdrawal(string purpose, string? channel = "email", double secondsAgo = 0) =>
        new { purpose, channel, occurredAt = Ago(secondsAgo), actor = "subject", method = "web-form" };

    public static async Task<JsonElement> PostOkAsync(this HttpClient client, string path, object body, CancellationToken ct) =>
        await client.PostAsync(path, body, HttpStatusCode.OK, ct);

    public static async Task<JsonElement> PutOkAsync(this HttpClient client, string path, object body, CancellationToken ct)
    {
        using var content = Body(body);
        using var answer = await client.PutAsync(new Uri(path, UriKind.Relative), content, ct);
        return await answer.ReadAsync(HttpStatusCode.OK, ct);
    }

    public static async Task<JsonElement> PostAsync(this HttpClient client, string path, object body, HttpStatusCode expected, CancellationToken ct)
    {
        using var content = Body(body);
        using var answer = await client.PostAsync(new Uri(path, UriKind.Relative), content, ct);
        return await answer.ReadAsync(expected, ct);
    }

    public static JsonContent Body(object body) => JsonContent.Create(body, body.GetType(), options: Json);

    public static async Task<JsonElement> GetOkAsync(this HttpClient client, string path, CancellationToken ct)
    {
        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative), ct);
        return await answer.ReadAsync(HttpStatusCode.OK, ct);
    }

    /// <summary>The body of an answer that has this status; any other one fails the test and says what it was told.</summary>
    public static async Task<JsonElement> ReadAsync(this HttpResponseMessage answer, HttpStatusCode expected, CancellationToken ct)
    {
        var text = await answer.Content.ReadAsStringAsync(ct);
        if (answer.StatusCode != expected) Assert.Fail($"{answer.RequestMessage?.Method} {answer.RequestMessage?.RequestUri?.AbsolutePath} answered {(int)answer.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    public static async Task<bool> MayAsync(this HttpClient client, string subject, string purpose, CancellationToken ct) =>
        (await client.PostOkAsync("/v1/decisions", new { subject, purpose, channel = "email" }, ct)).GetProperty("allowed").GetBoolean();

    /// <summary>For what reaches another service by message: true within the time given, or the test fails saying what it waited for.</summary>
    public static async Task EventuallyAsync(string what, Func<Task<bool>> holds, CancellationToken ct)
    {
        var patience = TimeProvider.System.GetUtcNow().AddSeconds(30);
        while (!await holds())
        {
            if (TimeProvider.System.GetUtcNow() > patience) throw new TimeoutException($"Never came true: {what}.");
            await Task.Delay(50, ct);
        }
    }

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };
}
