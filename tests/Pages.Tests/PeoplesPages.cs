using System.Text;
using ConsentLedger.Support;
using Microsoft.Playwright;

namespace ConsentLedger.Pages.Tests;

/// <summary>Every page that a person can open, in every language, on any device: without a barrier, small, and changing nothing.</summary>
[Collection(nameof(RunningCentre))]
public sealed class PeoplesPages(RunningCentre centre)
{
    private const int MaxBytes = 50 * 1000;

    /// <summary>Where the pictures of the documentation are written when this is set: <c>docs/images</c>.</summary>
    private static readonly string? Pictures = Environment.GetEnvironmentVariable("CONSENTLEDGER_PICTURES");

    public static TheoryData<string> Languages => ["en", "fr", "de", "sv", "ar"];

    [BrowserTheory, MemberData(nameof(Languages))]
    public async Task No_page_has_a_barrier_or_scrolls_sideways_in_any_language_on_any_screen(string lang)
    {
        var person = await SomebodyAsync(lang);
        foreach (var (scheme, width) in new[] { (ColorScheme.Light, 1280), (ColorScheme.Dark, 320) })
        {
            await using var visit = await centre.VisitAsync(new() { ColorScheme = scheme, ViewportSize = new() { Width = width, Height = 900 }, Locale = lang });
            var page = visit.Page;
            foreach (var path in person.Paths)
            {
                var answer = (await page.GotoAsync(path))!;
                answer.Status.ShouldBe(path == "/p/x" ? 404 : 200, path);
                (await answer.BodyAsync()).Length.ShouldBeLessThan(MaxBytes, path);
                (await page.Locator("html").GetAttributeAsync("lang")).ShouldBe(lang, path);
                (await page.Locator("html").GetAttributeAsync("dir")).ShouldBe(lang == "ar" ? "rtl" : "ltr", path);
                await page.EvaluateAsync("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })");
                (await visit.FindBarriersAsync()).ShouldBeEmpty($"{path} in {lang} at {width} pixels");
                (await page.EvaluateAsync<int>("() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)")).ShouldBe(0, $"{path} in {lang} at {width} pixels");
            }

            // And what is shown after something was done.
            await page.GotoAsync(person.Paths[0]);
            await page.Locator("#newsletter button").First.ClickAsync();
            await page.GetByRole(AriaRole.Status).First.WaitForAsync();
            (await visit.FindBarriersAsync()).ShouldBeEmpty();
            await page.Locator(".notice form button").ClickAsync();
            await page.GotoAsync(person.Unsubscribing);
            await page.Locator("main form button").ClickAsync();
            (await visit.FindBarriersAsync()).ShouldBeEmpty();
            await page.Locator("main form button").ClickAsync();
            (await visit.FindBarriersAsync()).ShouldBeEmpty();
        }
    }

    [BrowserFact]
    public async Task Whatever_opens_every_link_and_follows_every_link_changes_nothing()
    {
        var person = await SomebodyAsync("en");
        using var scanner = new HttpClient { BaseAddress = centre.Here.Preference.Url };
        var before = await centre.VersionsAsync(person.Id, person.Tenant);
        var (seen, served) = (new HashSet<string>(), 0);
        var open = new Queue<string>(person.Paths);
        while (open.TryDequeue(out var path) && seen.Count < 60)
        {
            if (!seen.Add(path)) continue;
            foreach (var method in new[] { HttpMethod.Head, HttpMethod.Get })
            {
                using var request = new HttpRequestMessage(method, path);
                using var answer = await scanner.SendAsync(request);
                answer.Headers.Contains("Set-Cookie").ShouldBeFalse();
                if (answer.IsSuccessStatusCode) served++;
                var body = await answer.Content.ReadAsStringAsync();

                // A form's address is no link, and is opened all the same.
                foreach (System.Text.RegularExpressions.Match link in System.Text.RegularExpressions.Regex.Matches(body, "(?:href|action)=\"(/[^\"#]*)\"")) open.Enqueue(link.Groups[1].Value);
            }
        }

        // The rest of them was told to come back later.
        served.ShouldBeGreaterThan(20);
        (await centre.VersionsAsync(person.Id, person.Tenant)).ShouldBe(before);

        // The mail client is not told so: it would not come back.
        using var oneClick = new StringContent("List-Unsubscribe=One-Click", Encoding.ASCII, "application/x-www-form-urlencoded");
        using var left = await scanner.PostAsync(new Uri(person.Unsubscribing, UriKind.Relative), oneClick);
        left.StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
    }

    [BrowserFact]
    public async Task The_pages_load_nothing_and_no_other_site_may_frame_or_post_to_them()
    {
        var person = await SomebodyAsync("en");
        using var browser = new HttpClient { BaseAddress = centre.Here.Preference.Url };
        foreach (var path in person.Paths.Where(p => p != "/p/x"))
        {
            using var answer = await browser.GetAsync(new Uri(path, UriKind.Relative));
            var page = await answer.Content.ReadAsStringAsync();
            var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
            policy.ShouldStartWith("default-src 'none'; style-src 'sha256-");
            policy.ShouldEndWith("form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
            Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(page.Split("<style>")[1].Split("</style>")[0]))).ShouldBe(policy.Split("'sha256-")[1].Split('\'')[0]);
            page.ShouldNotContain("<script");
            page.ShouldNotContain(person.Id);
            answer.Headers.GetValues("Referrer-Policy").Single().ShouldBe("no-referrer");
            answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        }
    }

    [BrowserFact]
    public async Task However_much_a_controller_does_with_data_its_pages_stay_small()
    {
        using var browser = new HttpClient { BaseAddress = centre.Here.Preference.Url };
        foreach (var tenant in RunningServices.Tenants)
        {
            foreach (var lang in (string[])["en", "fr", "de", "sv"])
            {
                var link = await centre.LinkAsync(Acts.NewSubject(), lang: lang, tenant: tenant);
                foreach (var part in (string[])["", "/uses", "/data"])
                {
                    using var answer = await browser.GetAsync(new Uri(link + part, UriKind.Relative));
                    (await answer.Content.ReadAsByteArrayAsync()).Length.ShouldBeLessThan(MaxBytes, $"{tenant} {part} in {lang}");
                    answer.Content.Headers.ContentLanguage.ShouldBe([lang], $"{tenant} {part}");
                }
            }
        }
    }

    [BrowserFact]
    public async Task The_pages_of_people_have_their_portraits_taken()
    {
        foreach (var (name, scheme, width, height, lang) in new[]
        {
            ("light", ColorScheme.Light, 1100, 1400, "en"), ("dark", ColorScheme.Dark, 1100, 1400, "sv"), ("narrow", ColorScheme.Light, 320, 1200, "de"), ("arabic", ColorScheme.Light, 1100, 1400, "ar"), ("french", ColorScheme.Light, 700, 1200, "fr"),
        })
        {
            var person = await SomebodyAsync(lang);
            await using var visit = await centre.VisitAsync(new() { ColorScheme = scheme, ViewportSize = new() { Width = width, Height = height }, Locale = lang });
            var page = visit.Page;
            await page.GotoAsync(person.Paths[0]);
            await page.Locator("#newsletter button").First.ClickAsync();
            await TakeAsync(page, $"preferences-{name}", kept: name is "light" or "dark" or "narrow" or "arabic");
            foreach (var (path, part) in person.Paths[1..4].Zip(["uses", "history", "data"]))
            {
                await page.GotoAsync(path);
                await TakeAsync(page, $"preferences-{part}-{name}", kept: name == "light");
            }

            await page.GotoAsync(person.Unsubscribing);
            await TakeAsync(page, $"unsubscribe-{name}", kept: name == "french");
            await page.Locator("main form button").ClickAsync();
            await TakeAsync(page, $"unsubscribed-{name}", kept: name == "french");
            await page.GotoAsync(person.Confirming);
            await TakeAsync(page, $"confirm-{name}", kept: name == "light");
        }
    }

    private async Task<Somebody> SomebodyAsync(string lang)
    {
        var tenant = lang == "ar" ? await ArabicAsync() : RunningCentre.Tenant;
        var (person, leaving) = (Acts.NewSubject(), lang == "ar" ? "module-crm" : "product-updates");
        await centre.DoAsync(person, "grants", Acts.Grant("newsletter"), tenant);
        await centre.DoAsync(person, "grants", new { purpose = "product-news", channel = "email", occurredAt = Acts.Ago(5), actor = "subject", method = "web-form", confirm = true }, tenant);
        await Acts.EventuallyAsync("it is heard here", async () => (await centre.VersionsAsync(person, tenant)).Preferences >= 3, CancellationToken.None);
        var link = await centre.LinkAsync(person, lang: lang, tenant: tenant);
        var asked = await centre.EmailSystem(tenant).PostOkAsync("/v1/send-decisions", new { subject = person, topic = leaving, channel = "email", headers = true }, CancellationToken.None);
        var unsubscribing = new Uri(asked.GetProperty("listUnsubscribe").GetString()!.Trim('<', '>')).AbsolutePath;
        var confirming = await centre.ConfirmationAsync(person, "product-news", tenant);
        return new Somebody(person, tenant, unsubscribing, confirming, [link, $"{link}/uses", $"{link}/history", $"{link}/data", await centre.LinkAsync(person, "page", lang, tenant) + "/data", unsubscribing, confirming, "/p/x"]);
    }

    private static string? _arabic;

    /// <summary>A controller that writes from right to left.</summary>
    private async Task<string> ArabicAsync()
    {
        const string Tenant = "rtl-tests";
        if (Interlocked.CompareExchange(ref _arabic, Tenant, null) is not null) return Tenant;
        var pack = System.Text.Json.Nodes.JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Servers.Checkout, "deploy", "policies", "vms.json")))!.AsObject();
        pack["tenant"] = Tenant;
        pack["controller"]!["name"] = "شركة المثال";
        pack["locales"] = new System.Text.Json.Nodes.JsonArray("en", "ar", "fr", "de", "sv");
        foreach (var (id, title) in new[] { ("newsletter", "النشرة البريدية"), ("product-news", "أخبار المنتجات"), ("module-booking", "الحجوزات والمواعيد"), ("module-crm", "إدارة العملاء") })
            foreach (var list in (string[])["topics", "purposes"])
                if (pack[list]!.AsArray().FirstOrDefault(t => t!["id"]!.GetValue<string>() == id) is { } one) one["title"]!["ar"] = title;
        pack["purposes"]!.AsArray().Single(p => p!["id"]!.GetValue<string>() == "newsletter")!["consentTexts"]!.AsArray()
            .Add(new System.Text.Json.Nodes.JsonObject { ["id"] = "newsletter-v1", ["locale"] = "ar", ["text"] = "أرسلوا إليّ النشرة البريدية. يمكنني إلغاء الاشتراك في أي وقت." });
        using var body = new StringContent(pack.ToJsonString(), Encoding.UTF8, "application/json");
        using var answer = await centre.Here.Client(centre.Here.Consent, Tenant, "operator").PutAsync(new Uri($"/v1/policies/{pack["version"]}", UriKind.Relative), body);
        await answer.ReadAsync(System.Net.HttpStatusCode.OK, CancellationToken.None);
        await centre.FollowedAsync(Tenant);
        return Tenant;
    }

    /// <param name="kept">Whether it belongs to the documentation; others are for looking at, beside it.</param>
    private static async Task TakeAsync(IPage page, string name, bool kept)
    {
        // No more of the window than the page needs.
        var height = await page.EvaluateAsync<int>("() => Math.min(window.innerHeight, document.body.scrollHeight)");
        var picture = await page.ScreenshotAsync(new() { Clip = new() { Width = page.ViewportSize!.Width, Height = height } });
        picture.Length.ShouldBeGreaterThan(5_000);
        if (Pictures is null) return;
        var folder = Directory.CreateDirectory(Path.Combine(Servers.Checkout, kept ? Pictures : Path.Combine("tests", "Pages.Tests", "TestResults")));
        await File.WriteAllBytesAsync(Path.Combine(folder.FullName, $"{name}.png"), picture);
    }

    private sealed record Somebody(string Id, string Tenant, string Unsubscribing, string Confirming, string[] Paths);
}
