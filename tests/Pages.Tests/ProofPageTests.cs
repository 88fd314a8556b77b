using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace ConsentLedger.Pages.Tests;

/// <summary>The server says that an event is proved, and the browser says so for itself.</summary>
[Collection(nameof(RunningConsole))]
public sealed class ProofPageTests(RunningConsole console)
{
    private static readonly string[] Checks = ["leaf", "facts", "root", "signature"];

    [BrowserFact]
    public async Task Every_event_is_verified_here_and_there()
    {
        await using var visit = await console.SignInAsync();
        var page = visit.Page;
        await page.GotoAsync($"/console/subjects/{RunningConsole.Maria}");
        var proofs = await page.Locator(".events .when a").EvaluateAllAsync<string[]>("links => links.map((link) => link.href)");
        proofs.Length.ShouldBeGreaterThan(15);
        foreach (var proof in proofs)
        {
            await OpenAsync(page, proof);
            foreach (var check in Checks)
            {
                await Assertions.Expect(page.Locator($"#{check}.good .by")).ToContainTextAsync("in this browser");
                (await page.Locator($"#{check}").InnerTextAsync()).ShouldContain("Verified by the server.");
            }
        }

        (await page.Locator("pre", new() { HasText = "/consent/quintus\n" }).CountAsync()).ShouldBe(1);
    }

    [BrowserFact]
    public async Task Without_a_script_the_server_alone_says_so()
    {
        await using var visit = await console.SignInAsync(new() { JavaScriptEnabled = false });
        await visit.Page.GotoAsync($"/console/subjects/{RunningConsole.Maria}");
        await OpenAsync(visit.Page, await visit.Page.Locator("#event-1 .when a").GetAttributeAsync("href") ?? "");
        (await visit.Page.Locator(".checks .good").CountAsync()).ShouldBe(Checks.Length);
        (await visit.Page.Locator(".by").AllInnerTextsAsync()).ShouldAllBe(text => text.Length == 0);
    }

    /// <summary>What a server that lies would send: one thing at a time, and the browser finds it whatever the server claims.</summary>
    [BrowserFact]
    public async Task The_browser_finds_what_a_lying_server_changed()
    {
        await using var visit = await console.SignInAsync();
        var page = visit.Page;
        await page.GotoAsync($"/console/subjects/{RunningConsole.Maria}");
        var address = await page.Locator("#event-4 .when a").EvaluateAsync<string>("link => link.href");
        foreach (var (found, part, lie) in new (string, string, Func<string, string>)[]
        {
            ("leaf", "id=\"entry-bytes\" tabindex=\"0\">([^<]*)<", bytes => Changed(bytes)),
            ("facts", "id=\"canonical\" tabindex=\"0\">([^<]*)<", facts => facts.Replace("&quot;subject&quot;", "&quot;system&quot;", StringComparison.Ordinal)),
            ("facts", "id=\"salt\">([^<]*)<", salt => Changed(salt)),
            ("root", "class=\"hash beside\">([^<]*)<", hash => Changed(hash)),
            ("root", "(<li><span>beside 1</span>.*?</li>)", _ => ""),
            ("root", "(<li><span>beside 1</span>.*?</li>)", beside => beside + beside),
            ("root", "index&quot;:([0-9]*)", index => $"{long.Parse(index, CultureInfo.InvariantCulture) + 1}"),
            ("signature", "id=\"note\" tabindex=\"0\">.*?&#xA;([0-9]+)&#xA;", size => $"1{size}"),
        })
        {
            await page.RouteAsync("**/events/*", async route =>
            {
                var answer = await route.FetchAsync();
                var html = await answer.TextAsync();
                var told = Regex.Match(html, part).Groups[1];
                told.Success.ShouldBeTrue(part);
                await route.FulfillAsync(new() { Response = answer, Body = string.Concat(html.AsSpan(0, told.Index), lie(told.Value), html.AsSpan(told.Index + told.Length)) });
            });
            await page.GotoAsync(address);
            await Assertions.Expect(page.Locator($"#{found}.bad")).ToBeVisibleAsync();
            await page.UnrouteAllAsync();
        }
    }

    private static string Changed(string hex) => string.Concat(hex.AsSpan(0, 20), hex[20] == '7' ? "8" : "7", hex.AsSpan(21));

    /// <summary>A checkpoint follows the commit within moments; until then the page says that it is awaited.</summary>
    private static async Task OpenAsync(IPage page, string proof)
    {
        do await page.GotoAsync(proof);
        while (await page.Locator("#root.unknown:has-text('No checkpoint covers')").CountAsync() > 0);
    }
}
