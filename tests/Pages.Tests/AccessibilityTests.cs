using ConsentLedger.Support;
using Microsoft.Playwright;

namespace ConsentLedger.Pages.Tests;

/// <summary>Anyone can use it: by keyboard, with a screen reader, on a small screen, in the dark.</summary>
[Collection(nameof(RunningConsole))]
public sealed class AccessibilityTests(RunningConsole console)
{
    /// <summary>Where the pictures of the documentation are written when this is set: <c>docs/images</c>.</summary>
    private static readonly string? Pictures = Environment.GetEnvironmentVariable("CONSENTLEDGER_PICTURES");

    [BrowserFact]
    public async Task No_page_has_a_barrier_in_the_light_in_the_dark_or_on_a_small_screen()
    {
        foreach (var (scheme, width) in new[] { (ColorScheme.Light, 1280), (ColorScheme.Dark, 1280), (ColorScheme.Light, 360) })
        {
            await using var visit = await console.SignInAsync(new() { ColorScheme = scheme, ViewportSize = new() { Width = width, Height = 800 } });
            var page = visit.Page;
            await page.GotoAsync("/console/sign-in");
            (await visit.FindBarriersAsync()).ShouldBeEmpty();
            await page.GotoAsync("/console/subjects?id=nobody");
            (await visit.FindBarriersAsync()).ShouldBeEmpty();
            foreach (var person in (Guid[])[RunningConsole.Maria, RunningConsole.Gone])
            {
                await page.GotoAsync($"/console/subjects/{person}?knownAt=2025-12-01T00:00&purpose=newsletter&channel=email");
                await page.EvaluateAsync("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })");
                (await visit.FindBarriersAsync()).ShouldBeEmpty();
                (await OverflowAsync(page)).ShouldBe(0, $"the page itself does not scroll sideways at {width} pixels");
            }

            await page.Locator(".events .when a").First.ClickAsync();
            await page.Locator("#leaf-hash").WaitForAsync();
            (await visit.FindBarriersAsync()).ShouldBeEmpty();
            (await OverflowAsync(page)).ShouldBe(0);
        }
    }

    [BrowserFact]
    public async Task Everything_is_reached_and_done_by_keyboard()
    {
        await using var visit = await console.SignInAsync();
        var page = visit.Page;
        await page.GetByLabel("Subject id").FillAsync(RunningConsole.Maria.ToString());
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("#timeline").WaitForAsync();
        await page.Keyboard.PressAsync("Tab");
        (await FocusedAsync(page)).ShouldBe("Skip to the content");
        await page.Keyboard.PressAsync("Enter");

        var reached = new List<string>();
        for (var i = 0; i < 60 && !reached.Contains("ask"); i++)
        {
            await page.Keyboard.PressAsync("Tab");
            reached.Add(await FocusedAsync(page));
        }

        foreach (var wanted in (string[])["another reading", "Disclose sealed evidence", "Timeline", "at", "known-at", "as-of", "Replay", "The picture in words", "before", "purpose", "channel", "recipient", "ask"])
            reached.ShouldContain(wanted);
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("#answer").WaitForAsync();
        (await page.EvaluateAsync<string>("() => getComputedStyle(document.activeElement).outlineStyle")).ShouldBe("solid");
    }

    [BrowserFact]
    public async Task The_pages_have_their_portraits_taken()
    {
        if (Pictures is not null) Directory.CreateDirectory(Path.Combine(Servers.Checkout, Pictures));
        foreach (var (name, scheme, width, height) in new[] { ("light", ColorScheme.Light, 1280, 1500), ("dark", ColorScheme.Dark, 1280, 1500), ("narrow", ColorScheme.Light, 360, 1500) })
        {
            await using var visit = await console.SignInAsync(new() { ColorScheme = scheme, ViewportSize = new() { Width = width, Height = height } });
            var page = visit.Page;
            await page.GotoAsync($"/console/subjects/{RunningConsole.Maria}?knownAt=2026-05-04T12:00&purpose=newsletter&channel=email");
            await TakeAsync(page, $"console-{name}");
            await page.GotoAsync($"/console/subjects/{RunningConsole.Gone}");
            await TakeAsync(page, $"console-erased-{name}", kept: false);
            await page.GotoAsync($"/console/subjects/{RunningConsole.Busy}");
            await TakeAsync(page, $"console-crowd-{name}", kept: false);
            await page.GotoAsync($"/console/subjects/{RunningConsole.Maria}");
            await page.Locator("#event-7 .when a").ClickAsync();
            await page.Locator("#leaf-hash").WaitForAsync();
            await TakeAsync(page, $"console-proof-{name}", kept: name == "light");
            await page.GotoAsync("/console/sign-in");
            await TakeAsync(page, $"console-sign-in-{name}", kept: false);
        }
    }

    /// <param name="kept">Whether it belongs to the documentation; others are for looking at, beside it.</param>
    private static async Task TakeAsync(IPage page, string name, bool kept = true)
    {
        var picture = await page.ScreenshotAsync();
        picture.Length.ShouldBeGreaterThan(5_000);
        if (Pictures is null) return;
        var folder = Directory.CreateDirectory(Path.Combine(Servers.Checkout, kept ? Pictures : Path.Combine("tests", "Pages.Tests", "TestResults")));
        await File.WriteAllBytesAsync(Path.Combine(folder.FullName, $"{name}.png"), picture);
    }

    private static Task<int> OverflowAsync(IPage page) => page.EvaluateAsync<int>("() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)");

    private static Task<string> FocusedAsync(IPage page) =>
        page.EvaluateAsync<string>("() => document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.trim()");
}
