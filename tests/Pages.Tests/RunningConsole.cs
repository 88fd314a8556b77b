using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.Support;
using Microsoft.Playwright;

namespace ConsentLedger.Pages.Tests;

[CollectionDefinition(nameof(RunningConsole))]
public sealed class RunningConsoleTests : ICollectionFixture<RunningConsole>;

/// <summary>A consent service with two years of history, and a browser.</summary>
public sealed class RunningConsole : IAsyncLifetime
{
    public const string Tenant = "quintus";
    public const string Attack = "<script>document.title='taken'</script><img src=x onerror=alert(1)>\"'";

    /// <summary>Two years of one person: yes, no, yes again, imports, a late letter.</summary>
    public static readonly Guid Maria = new("0194226a-3f00-7c41-9a6e-5d1f00000001");

    /// <summary>Gave consent, and was erased.</summary>
    public static readonly Guid Gone = new("0194226a-3f00-7c41-9a6e-5d1f00000002");

    /// <summary>1,000 events over 64 lanes.</summary>
    public static readonly Guid Busy = new("0194226a-3f00-7c41-9a6e-5d1f00000003");

    /// <summary>Of another controller.</summary>
    public static readonly Guid Elsewhere = new("0194226a-3f00-7c41-9a6e-5d1f00000004");

    public Installation Installation { get; private set; } = null!;

    public Browser Browser { get; private set; } = null!;

    public Uri Url => Installation.Consent.Url;

    public async Task InitializeAsync()
    {
        // Every test here needs a browser, and is skipped without one.
        if (Browser.Program is null) return;
        Installation = await Installation.PrepareAsync();
        await using (var past = await PastLedger.OpenAsync(Installation.ConnectionString("consent"))) await TellAsync(past);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        await Installation.Consent.StartAsync(patience.Token);
        Browser = await Browser.StartAsync();
    }

    public async Task DisposeAsync()
    {
        if (Browser.Program is null) return;
        await Browser.DisposeAsync();
        await Installation.DisposeAsync();
    }

    /// <summary>A browser that is signed in with a token of this role.</summary>
    public async Task<Visit> SignInAsync(BrowserNewContextOptions? options = null, string role = "auditor", string? client = null)
    {
        var visit = await Browser.VisitAsync(Url, options);
        await visit.Page.GotoAsync("/console");
        await visit.Page.GetByLabel("Token").FillAsync(Installation.Issuer.Token(Tenant, role, client: client));
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        return visit;
    }

    /// <summary>How many events the person's stream has, read without leaving a trace in it.</summary>
    public async Task<long> VersionAsync(Guid person)
    {
        using var answer = await Installation.Client(Installation.Consent, Tenant, "backend").GetAsync(new Uri($"/v1/subjects/{person}/consents", UriKind.Relative));
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("version").GetInt64();
    }

    /// <summary>Reads the history over the API; the version of the reading.</summary>
    public async Task<long> ReadAsync(Guid person, string client)
    {
        using var http = new HttpClient { BaseAddress = Url, DefaultRequestHeaders = { Authorization = new("Bearer", Installation.Issuer.Token(Tenant, "auditor", client: client)) } };
        return (await http.GetFromJsonAsync<JsonElement>(new Uri($"/v1/subjects/{person}/history", UriKind.Relative))).GetArrayLength();
    }

    public async Task<JsonElement> PostAsync(string path, object body)
    {
        using var answer = await Installation.Client(Installation.Consent, Tenant, "backend").PostAsJsonAsync(new Uri(path, UriKind.Relative), body);
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private static async Task TellAsync(PastLedger past)
    {
        var pack = PastLedger.PackOf(Tenant);
        var text = new TextShown(Token.Parse("newsletter-v1"), Token.Parse("en"), Token.Parse($"sha256:{pack.FindPurpose("newsletter")!.FindText("newsletter-v1", "en")!.Hash()}"));
        await past.PublishAsync("2024-12-02T09:00:00", pack);
        await past.PublishAsync("2024-12-02T10:00:00", PastLedger.PackOf("vms"));
        await past.GrantAsync("2024-12-03T10:00:00", "vms", Elsewhere, "newsletter");

        await past.GrantAsync("2025-01-14T16:20:31.250", Tenant, Maria, "newsletter", text: text);
        await past.GrantAsync("2025-01-14T16:20:31.250", Tenant, Maria, "site-cookies", "web", method: "cookie-banner");
        await past.GrantAsync("2025-02-01T11:00:00", Tenant, Gone, "newsletter");
        await past.GrantAsync("2025-03-20T10:05:00", Tenant, Maria, "product-news", "post", done: "2025-02-03T12:00:00", method: "paper-form", source: "scanning-centre");
        await past.GrantAsync("2025-03-28T18:41:12", Tenant, Maria, "product-news", "email");
        await past.GrantAsync("2025-03-28T18:41:12", Tenant, Maria, "partner-sharing", null, "partners");
        await past.WithdrawAsync("2025-05-09T07:12:44.018", Tenant, Maria, "newsletter");
        await past.GrantAsync("2025-05-22T03:00:00", Tenant, Maria, "newsletter", done: "2025-04-30T09:15:00", actor: Actor.Subject, method: "paper-form", source: "scanning-centre");
        await past.PublishAsync("2025-06-16T08:00:00", pack with { Version = "2025-06-16" });
        await past.WithdrawAsync("2025-08-02T20:10:09", Tenant, Maria, "site-cookies", "web", method: "cookie-banner");
        await past.RecordAsync("2025-09-10T09:30:00", Tenant, Maria, new HistoryRead("quintus-auditor", null, null, false));
        await past.GrantAsync("2025-10-06T12:30:00", Tenant, Maria, "newsletter");
        await past.GrantAsync("2025-11-18T12:30:00", Tenant, Maria, "renewal-offers", "phone", method: "call-centre", actor: Actor.Agent);
        await past.RecordAsync("2026-01-20T08:00:00", Tenant, Gone, new ErasureStarted(new Guid("019bdb10-0000-7000-8000-00000000000a")));
        await past.RecordAsync("2026-01-20T08:00:02", Tenant, Gone, new SubjectErased(new Guid("019bdb10-0000-7000-8000-00000000000a")));

        // Purposes are dropped and renamed over time; one name is an attack.
        var purposes = pack.Purposes.Select(p => p.Id == "surveys" ? p with { Title = new Dictionary<string, string> { ["en"] = Attack, ["sv"] = Attack } } : p);
        pack = pack with { Version = "2026-02-09", Purposes = [.. purposes], Recipients = [.. pack.Recipients.Select(r => r.Id == "affiliates" ? r with { Name = Attack } : r)] };
        await past.PublishAsync("2026-02-09T08:00:00", pack);
        await past.GrantAsync("2026-02-20T14:00:00", Tenant, Maria, "event-invitations");
        await past.WithdrawAsync("2026-04-02T10:00:00", Tenant, Maria, "partner-sharing", null, "partners", method: "preference-centre");
        await past.WithdrawAsync("2026-04-21T06:45:30", Tenant, Maria, "renewal-offers", "phone", done: "2026-04-14T15:00:00", method: "call-centre");
        await past.GrantAsync("2026-06-11T19:00:00", Tenant, Maria, "site-cookies", "web", method: "cookie-banner");
        await past.WithdrawAsync("2026-09-03T21:14:55", Tenant, Maria, "product-news", "email");
        await CrowdAsync(past, pack);
    }

    /// <summary>Yes and no in turn, over more lanes than a picture holds.</summary>
    private static async Task CrowdAsync(PastLedger past, PolicyPack pack)
    {
        var recipients = Enumerable.Range(1, 63).Select(i => $"partner-{i:00}").ToList();
        var first = pack.FindPurpose("partner-sharing")!;
        await past.PublishAsync("2026-09-20T08:00:00", pack with
        {
            Version = "2026-09-20",
            Recipients = [.. pack.Recipients, .. recipients.Select(id => pack.Recipients[1] with { Id = id, Name = id })],
            Purposes = [.. pack.Purposes.Select(p => p == first ? p with { Recipients = [.. p.Recipients, .. recipients] } : p)],
        });
        var began = new DateTimeOffset(2026, 10, 1, 0, 0, 0, TimeSpan.Zero);
        string At(int i) => began.AddMinutes(i * 17).ToString("O");
        for (var i = 0; i < 1000; i++)
        {
            var recipient = i % 64 == 63 ? "partners" : recipients[i % 64];
            if (i / 64 % 2 == 0) await past.GrantAsync(At(i), Tenant, Busy, "partner-sharing", null, recipient);
            else await past.WithdrawAsync(At(i), Tenant, Busy, "partner-sharing", null, recipient);
        }
    }
}
