using System.Net;
using System.Text.Json;
using ConsentLedger.Support;
using Microsoft.Playwright;

namespace ConsentLedger.Pages.Tests;

[CollectionDefinition(nameof(RunningCentre))]
public sealed class RunningCentreTests : ICollectionFixture<RunningCentre>;

/// <summary>The three services with the controllers' policies in force, and a browser.</summary>
public sealed class RunningCentre : IAsyncLifetime
{
    public const string Tenant = "quintus";

    private readonly RunningProduct _product = new();

    public Installation Here => _product.Installation;

    public Browser Browser { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        // Every test here needs a browser, and is skipped without one.
        if (Browser.Program is null) return;
        await _product.InitializeAsync();
        Browser = await Browser.StartAsync();
        foreach (var tenant in RunningServices.Tenants) await FollowedAsync(tenant);
    }

    public async Task DisposeAsync()
    {
        if (Browser.Program is null) return;
        await Browser.DisposeAsync();
        await _product.DisposeAsync();
    }

    /// <summary>Waits until the policy of this controller has reached the pages.</summary>
    public Task FollowedAsync(string tenant, string topic = "none") => Acts.EventuallyAsync($"the policy of {tenant} is followed", async () =>
        (await EmailSystem(tenant).PostOkAsync("/v1/send-decisions", new { subject = Acts.NewSubject(), topic, channel = "email" }, CancellationToken.None)).GetProperty("rule").GetString()
            is var rule && rule != "policy_missing" && (topic == "none" || rule != "topic_undeclared"), CancellationToken.None);

    public HttpClient EmailSystem(string tenant = Tenant) => Here.Client(Here.Preference, tenant, "email");

    /// <summary>The path of a link that the service made for this person.</summary>
    public async Task<string> LinkAsync(string subject, string purpose = "session", string? lang = "en", string tenant = Tenant, long? lifetimeSeconds = null)
    {
        var link = await Here.Client(Here.Preference, tenant, "backend").PostOkAsync($"/v1/subjects/{subject}/preference-links", new { purpose, lang, lifetimeSeconds }, CancellationToken.None);
        var url = new Uri(link.GetProperty("url").GetString()!);
        url.ToString().ShouldStartWith("https://preferences.example/p/");
        return url.AbsolutePath;
    }

    /// <summary>The path of the link in a confirmation mail.</summary>
    public async Task<string> ConfirmationAsync(string subject, string purpose, string tenant = Tenant)
    {
        var link = await EmailSystem(tenant).PostOkAsync($"/v1/subjects/{subject}/confirmation-links", new { purpose, channel = "email" }, CancellationToken.None);
        return new Uri(link.GetProperty("url").GetString()!).AbsolutePath;
    }

    /// <summary>What the gate says.</summary>
    public async Task<(bool Allowed, string Rule)> MaySendAsync(string subject, string topic, string channel = "email", string tenant = Tenant)
    {
        var answer = await EmailSystem(tenant).PostOkAsync("/v1/send-decisions", new { subject, topic, channel }, CancellationToken.None);
        return (answer.GetProperty("allowed").GetBoolean(), answer.GetProperty("rule").GetString()!);
    }

    /// <summary>What the consent service says.</summary>
    public async Task<string> MayAsync(string subject, string purpose, string? channel = "email", string? recipient = null, string tenant = Tenant) =>
        (await Here.Client(Here.Consent, tenant, "backend").PostOkAsync("/v1/decisions", new { subject, purpose, channel, recipient }, CancellationToken.None)).GetProperty("code").GetString()!;

    public Task<JsonElement> DoAsync(string subject, string act, object told, string tenant = Tenant) =>
        Here.Client(Here.Consent, tenant, "backend").PostAsync($"/v1/subjects/{subject}/{act}", told, HttpStatusCode.OK, CancellationToken.None);

    public async Task<IReadOnlyList<JsonElement>> HistoryAsync(string subject, string tenant = Tenant) =>
        [.. (await Here.Client(Here.Consent, tenant, "auditor").GetOkAsync($"/v1/subjects/{subject}/history?disclose=true", CancellationToken.None)).EnumerateArray()];

    /// <summary>How many events the person's stream has over here and over there, read without leaving a trace in either.</summary>
    public async Task<(long Preferences, long Consents)> VersionsAsync(string subject, string tenant = Tenant)
    {
        using var consents = await Here.Client(Here.Consent, tenant, "backend").GetAsync(new Uri($"/v1/subjects/{subject}/consents", UriKind.Relative));
        await using var source = Npgsql.NpgsqlDataSource.Create(Here.ConnectionString("preference"));
        await using var count = source.CreateCommand("select coalesce(max(version), 0) from mt_events where stream_id = $1");
        count.Parameters.AddWithValue(subject);
        return (Convert.ToInt64(await count.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture), JsonDocument.Parse(await consents.Content.ReadAsStringAsync()).RootElement.GetProperty("version").GetInt64());
    }

    public Task<Visit> VisitAsync(BrowserNewContextOptions? options = null) => Browser.VisitAsync(Here.Preference.Url, options);
}
