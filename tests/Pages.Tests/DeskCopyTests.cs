using System.Text.Json;
using ConsentLedger.Support;
using Microsoft.Playwright;

namespace ConsentLedger.Pages.Tests;

/// <summary>The privacy team hands out a copy, in a real browser, of what the real services keep.</summary>
[Collection(nameof(RunningCentre))]
public sealed class DeskCopyTests(RunningCentre centre)
{
    private const string Tenant = "vms";

    private static readonly string? Pictures = Environment.GetEnvironmentVariable("CONSENTLEDGER_PICTURES");

    private readonly string _subject = Acts.NewSubject();

    private HttpClient Privacy => centre.Here.Client(centre.Here.Erasure, Tenant, "privacy");

    [BrowserFact]
    public async Task A_copy_is_handed_out_at_the_desk_and_who_did_it_is_on_the_page()
    {
        await centre.DoAsync(_subject, "grants", Acts.Grant("newsletter"), Tenant);
        await ManualAsync("archive");
        var request = (await Privacy.PostAsync("/v1/requests", new { subject = _subject, type = "access" }, System.Net.HttpStatusCode.Accepted, CancellationToken.None)).GetProperty("id").GetString()!;
        await using var visit = await SignInAsync("privacy");
        await visit.Page.GotoAsync($"/desk/requests/{request}");
        using (var part = await DownloadAsync(visit.Page, "Hand out what there is", request)) part.RootElement.GetProperty("subject").GetString().ShouldBe(_subject);
        await visit.Page.ReloadAsync();
        (await visit.Page.Locator("dl").InnerTextAsync()).ShouldContain($"handed out to {Tenant}-privacy (a part)");

        await visit.Page.GetByLabel("Outcome").SelectOptionAsync("nothing-held");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Record the outcome of archive" }).ClickAsync();
        (await visit.FindBarriersAsync()).ShouldBeEmpty();
        await TakeAsync(visit.Page, "desk-copy");
        using (var copy = await DownloadAsync(visit.Page, "Hand out the copy", request))
        {
            (copy.RootElement.GetProperty("subject").GetString(), copy.RootElement.TryGetProperty("preferences", out _)).ShouldBe((_subject, true));
            copy.RootElement.GetProperty("consents").GetArrayLength().ShouldBeGreaterThan(0);
        }

        await visit.Page.ReloadAsync();
        (await visit.Page.Locator("h1").InnerTextAsync()).ShouldContain("Completed");
        (await visit.Page.Locator("dl").InnerTextAsync()).Split('\n').Count(line => line.EndsWith($"handed out to {Tenant}-privacy", StringComparison.Ordinal)).ShouldBe(1);
        (await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Hand out" }).CountAsync()).ShouldBe(0);
        (await visit.FindBarriersAsync()).ShouldBeEmpty();
        await TakeAsync(visit.Page, "desk-copied");
    }

    [BrowserFact]
    public async Task Who_may_only_read_hands_nothing_out_and_a_second_copy_is_refused_in_words()
    {
        var request = (await Privacy.PostAsync("/v1/requests", new { subject = _subject, type = "portability" }, System.Net.HttpStatusCode.Accepted, CancellationToken.None)).GetProperty("id").GetString()!;
        await using (var auditor = await SignInAsync("auditor"))
        {
            await auditor.Page.GotoAsync($"/desk/requests/{request}");
            (await auditor.Page.GetByRole(AriaRole.Button, new() { Name = "Hand out" }).CountAsync()).ShouldBe(0);
        }

        await using var visit = await SignInAsync("privacy");
        await visit.Page.GotoAsync($"/desk/requests/{request}");
        foreach (var task in (await Privacy.GetOkAsync($"/v1/erasures/{request}", CancellationToken.None)).GetProperty("tasks").EnumerateArray().Where(t => t.GetProperty("kind").GetString() == "manual"))
            await Privacy.PostOkAsync($"/v1/erasures/{request}/tasks/{task.GetProperty("system").GetString()}/outcome", new { outcome = "nothing-held" }, CancellationToken.None);
        await visit.Page.ReloadAsync();
        await Privacy.PostOkAsync($"/v1/erasures/{request}/copy", new { }, CancellationToken.None);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Hand out the copy" }).ClickAsync();
        (await visit.Page.GetByRole(AriaRole.Alert).InnerTextAsync()).ShouldContain("copy_handed_out");
    }

    private async Task ManualAsync(string id)
    {
        using var answer = await centre.Here.Client(centre.Here.Erasure, Tenant, "operator")
            .PutAsync(new Uri($"/v1/processors/{id}", UriKind.Relative), Acts.Body(new { name = "Paper archive", kind = "manual", assignee = "archive-team", types = new[] { "access" } }));
        answer.IsSuccessStatusCode.ShouldBeTrue(await answer.Content.ReadAsStringAsync());
    }

    private async Task<Visit> SignInAsync(string role)
    {
        var visit = await centre.Browser.VisitAsync(centre.Here.Erasure.Url, new() { AcceptDownloads = true });
        await visit.Page.GotoAsync("/desk");
        await visit.Page.GetByLabel("Token").FillAsync(centre.Here.Issuer.Token(Tenant, role));
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        return visit;
    }

    private static async Task<JsonDocument> DownloadAsync(IPage page, string button, string request)
    {
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = button }).ClickAsync());
        download.SuggestedFilename.ShouldBe($"copy-{request}.json");
        return JsonDocument.Parse(await File.ReadAllBytesAsync(await download.PathAsync()));
    }

    private static async Task TakeAsync(IPage page, string name)
    {
        if (Pictures is null) return;
        var folder = Directory.CreateDirectory(Path.Combine(Servers.Checkout, "tests", "Pages.Tests", "TestResults"));
        await page.ScreenshotAsync(new() { Path = Path.Combine(folder.FullName, $"{name}.png"), FullPage = true });
    }
}
