using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace ConsentLedger.Pages.Tests;

/// <summary>What an auditor sees of a history, and what is recorded of their looking.</summary>
[Collection(nameof(RunningConsole))]
public sealed class HistoryPageTests(RunningConsole console)
{
    private static readonly BrowserNewContextOptions WithoutScript = new() { JavaScriptEnabled = false };

    [BrowserFact]
    public async Task One_opening_is_one_reading_however_long_the_auditor_looks()
    {
        await using var visit = await console.SignInAsync();
        var before = await console.VersionAsync(RunningConsole.Maria);
        var page = visit.Page;
        await page.GetByLabel("Subject id").FillAsync($" {RunningConsole.Maria.ToString().ToUpperInvariant()} ");
        await page.GetByRole(AriaRole.Button, new() { Name = "Open the history" }).ClickAsync();
        await page.Locator("#timeline").WaitForAsync();
        (await console.VersionAsync(RunningConsole.Maria)).ShouldBe(before + 1);
        (await page.Locator(".events li").Last.InnerTextAsync()).ShouldContain("quintus-auditor");

        await ReplayAsync(page, () => page.Locator("#at").PressAsync("Home"));
        await page.ReloadAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Ask" }).ClickAsync();
        await page.Locator("#answer").WaitForAsync();
        await page.Locator("#event-3 a").ClickAsync();
        await page.Locator("#leaf-hash").WaitForAsync();
        (await console.VersionAsync(RunningConsole.Maria)).ShouldBe(before + 1);

        await page.GoBackAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "another reading" }).ClickAsync();

        // Not WaitForURL, which waits for the page's load event as well and may miss it.
        await Assertions.Expect(page).ToHaveURLAsync(new Regex($"reading={before + 2}$"));
        (await console.VersionAsync(RunningConsole.Maria)).ShouldBe(before + 2);
    }

    [BrowserFact]
    public async Task A_reading_serves_its_own_reader_only_and_shows_nothing_beyond_itself()
    {
        await using var visit = await console.SignInAsync();

        // No reading, one of another reader, one of this reader's from a year ago, and none at all.
        var another = await console.ReadAsync(RunningConsole.Maria, client: "quintus-other-auditor");
        foreach (var reading in (string[])["1", $"{another}", "9", "100000", "-1"])
        {
            var before = await console.VersionAsync(RunningConsole.Maria);
            await visit.Page.GotoAsync($"/console/subjects/{RunningConsole.Maria}?reading={reading}");
            visit.Page.Url.ShouldEndWith($"?reading={before + 1}");
        }

        var mine = await console.VersionAsync(RunningConsole.Maria);
        await visit.Page.GotoAsync($"/console/subjects/{RunningConsole.Maria}");
        await visit.Page.GotoAsync($"/console/subjects/{RunningConsole.Maria}?reading={mine}");
        (await visit.Page.Locator(".events li").CountAsync()).ShouldBe((int)mine);
    }

    [BrowserFact]
    public async Task What_belongs_to_another_controller_or_nobody_is_not_found()
    {
        await using var visit = await console.SignInAsync();
        foreach (var id in (string[])[RunningConsole.Elsewhere.ToString(), "0194226a-3f00-7c41-9a6e-5d1f0000000f"])
        {
            (await visit.Page.GotoAsync($"/console/subjects?id={id}"))!.Status.ShouldBe(404);
            (await visit.Page.GetByRole(AriaRole.Alert).InnerTextAsync()).ShouldBe("There is nothing here.");
        }

        (await visit.Page.GotoAsync("/console/subjects?id=maria%40example.org"))!.Status.ShouldBe(400);
        (await visit.Page.GetByRole(AriaRole.Alert).InnerTextAsync()).ShouldContain("UUID");
    }

    [BrowserFact]
    public async Task Without_a_script_forms_and_links_replay_and_ask()
    {
        await using var visit = await console.SignInAsync(WithoutScript);
        var page = visit.Page;
        await page.GotoAsync($"/console/subjects/{RunningConsole.Maria}");
        (await StateAsync(page)).ShouldBe(["Cookies and beacons that show how the site is used given", "Invitations to marketing events given", "Newsletter given", "Sharing with partners and affiliates beyond an order withdrawn", "Information about products and services withdrawn", "Information about products and services given", "Offers to renew withdrawn"], ignoreOrder: true);

        await page.GetByLabel("Known at").FillAsync("2025-05-20T00:00");
        await page.GetByRole(AriaRole.Button, new() { Name = "Replay", Exact = true }).ClickAsync();
        (await StateAsync(page)).ShouldContain("Newsletter withdrawn");
        (await page.Locator("#moment").InnerTextAsync()).ShouldContain("Policy 2018-04-24 was in force.");

        await page.GetByLabel("Purpose", new() { Exact = true }).SelectOptionAsync("newsletter");
        await page.GetByLabel("Channel", new() { Exact = true }).SelectOptionAsync("email");
        await page.GetByRole(AriaRole.Button, new() { Name = "Ask" }).ClickAsync();
        var answer = await page.Locator("#answer").InnerTextAsync();
        answer.ShouldContain("Not allowed");
        answer.ShouldContain("consent_withdrawn");

        await page.GetByRole(AriaRole.Link, new() { Name = "Event before" }).ClickAsync();
        (await page.Locator("#known-at").InputValueAsync()).ShouldBe("2025-05-09T07:12:44.018");
        await page.GetByRole(AriaRole.Link, new() { Name = "Event before" }).ClickAsync();
        (await page.Locator("#answer").CountAsync()).ShouldBe(0);
        (await StateAsync(page)).ShouldContain("Newsletter given");
        (await page.GetByRole(AriaRole.Button, new() { Name = "Replay to here" }).IsVisibleAsync()).ShouldBeTrue();
    }

    [BrowserFact]
    public async Task Acts_of_one_time_known_at_another_are_told_apart()
    {
        await using var visit = await console.SignInAsync(WithoutScript);
        var page = visit.Page;
        await page.GotoAsync($"/console/subjects/{RunningConsole.Maria}?asOf=2025-03-01T00:00");
        (await StateAsync(page)).ShouldContain("Information about products and services given", "the letter of February, recorded in March, counts as of then");
        await page.GotoAsync($"/console/subjects/{RunningConsole.Maria}?asOf=2025-03-01T00:00&knownAt=2025-03-01T00:00");
        (await StateAsync(page)).ShouldNotContain("Information about products and services given", "nobody knew of it then");
    }

    [BrowserFact]
    public async Task The_script_shows_at_each_place_of_the_slider_what_the_server_shows_there()
    {
        await using var visit = await console.SignInAsync();
        var page = visit.Page;
        await page.GotoAsync($"/console/subjects/{RunningConsole.Maria}");
        await page.Locator("#at").FocusAsync();
        foreach (var key in (string[])["Home", "ArrowRight", "PageUp", "PageUp", "PageUp", "ArrowLeft", "End"])
        {
            await ReplayAsync(page, () => page.Keyboard.PressAsync(key));
            var (scripted, url) = (await DrawnAsync(page), page.Url);
            var other = await visit.Context.NewPageAsync();
            await other.GotoAsync(url);
            (await DrawnAsync(other)).ShouldBe(scripted, $"after {key}, at {url}");
            await other.CloseAsync();
        }
    }

    [BrowserFact]
    public async Task A_decision_replayed_now_is_the_one_the_api_takes()
    {
        await using var visit = await console.SignInAsync();
        var page = visit.Page;
        await page.GotoAsync($"/console/subjects/{RunningConsole.Maria}");
        foreach (var (purpose, channel, recipient) in new (string, string, string)[]
        {
            ("newsletter", "email", "controller"), ("product-news", "email", "controller"), ("product-news", "post", "controller"), ("surveys", "email", "controller"), ("newsletter", "phone", "controller"),
            ("newsletter", "", "controller"), ("newsletter", "email", "partners"), ("partner-sharing", "", "partners"), ("site-cookies", "web", "controller"),
        })
        {
            var decision = await console.PostAsync("/v1/decisions", Asked(purpose, channel, recipient));
            await page.GetByLabel("Purpose", new() { Exact = true }).SelectOptionAsync(purpose);
            await page.GetByLabel("Channel", new() { Exact = true }).SelectOptionAsync(channel);
            await page.GetByLabel("Recipient", new() { Exact = true }).SelectOptionAsync(recipient);
            await page.RunAndWaitForResponseAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Ask" }).ClickAsync(), "**/moment?*");
            await Assertions.Expect(page.Locator("#answer code")).ToHaveTextAsync(decision.GetProperty("code").GetString()!);
            var answer = await page.Locator("#answer").InnerTextAsync();
            answer.StartsWith(decision.GetProperty("allowed").GetBoolean() ? "Allowed" : "Not allowed", StringComparison.Ordinal).ShouldBeTrue(answer);
            if (decision.TryGetProperty("position", out var position)) answer.ShouldContain($"position {position.GetInt64()}");
            answer.ShouldNotContain("no words for");
        }
    }

    [BrowserFact]
    public async Task A_decision_on_one_of_two_ids_of_a_person_is_the_one_the_api_takes()
    {
        var clock = TimeProvider.System;
        var (said, other) = (Guid.CreateVersion7(clock.GetUtcNow()), Guid.CreateVersion7(clock.GetUtcNow()));
        await console.PostAsync($"/v1/subjects/{said}/grants", new { purpose = "newsletter", channel = "email", occurredAt = clock.GetUtcNow(), actor = "subject", method = "web-form" });
        await console.PostAsync($"/v1/subjects/{other}/withdrawals", new { purpose = "newsletter", channel = "email", occurredAt = clock.GetUtcNow(), actor = "subject", method = "web-form" });
        await console.PostAsync($"/v1/subjects/{said}/merges", new { other, occurredAt = clock.GetUtcNow(), actor = "agent", method = "desk" });
        var decision = await console.PostAsync("/v1/decisions", new { subject = said, purpose = "newsletter", channel = "email" });

        await using var visit = await console.SignInAsync(WithoutScript);
        await visit.Page.GotoAsync($"/console/subjects/{said}?purpose=newsletter&channel=email");
        (await visit.Page.Locator("#answer code").InnerTextAsync()).ShouldBe(decision.GetProperty("code").GetString());
        (await visit.Page.Locator("#answer").InnerTextAsync()).ShouldContain($"another of the person's ids, position {decision.GetProperty("position").GetInt64()}");

        // As known before the two were one: the reading, the merge, the yes.
        foreach (var _ in (int[])[1, 2]) await visit.Page.Locator("#before").ClickAsync();
        await visit.Page.GotoAsync($"{visit.Page.Url.Split('#')[0]}&purpose=newsletter&channel=email");
        (await visit.Page.Locator("#answer code").InnerTextAsync()).ShouldBe("consent_given");
    }

    [BrowserFact]
    public async Task Sealed_evidence_is_shown_to_whoever_asked_for_it_and_may()
    {
        var person = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
        await console.PostAsync($"/v1/subjects/{person}/grants", new { purpose = "newsletter", channel = "email", occurredAt = TimeProvider.System.GetUtcNow(), actor = "subject", method = "web-form", evidence = new { address = "maria@example.org", words = RunningConsole.Attack } });
        await using var visit = await console.SignInAsync();
        var page = visit.Page;
        await page.GotoAsync($"/console/subjects/{person}");
        (await page.ContentAsync()).ShouldNotContain("maria@example.org");
        (await page.Locator("#event-1").InnerTextAsync()).ShouldContain("Sealed evidence lies with this event.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Disclose sealed evidence" }).ClickAsync();
        (await page.Locator(".evidence").InnerTextAsync()).ShouldContain("maria@example.org");
        (await page.Locator(".evidence").InnerTextAsync()).ShouldContain("onerror=alert(1)");
        (await page.Locator(".events li").Last.InnerTextAsync()).ShouldContain("with its sealed evidence");
        var disclosed = page.Url;
        await page.GetByRole(AriaRole.Link, new() { Name = "Close it" }).ClickAsync();
        (await page.ContentAsync()).ShouldNotContain("maria@example.org");

        // The same reader, with a token that no longer may.
        await page.GotoAsync(disclosed);
        (await page.ContentAsync()).ShouldContain("maria@example.org");
        await using var lesser = await console.SignInAsync(role: "auditor-without-disclosure", client: "quintus-auditor");
        await lesser.Page.GotoAsync(disclosed);
        (await lesser.Page.ContentAsync()).ShouldNotContain("maria@example.org");
        (await lesser.Page.GetByRole(AriaRole.Button, new() { Name = "Disclose sealed evidence" }).CountAsync()).ShouldBe(0);
    }

    [BrowserFact]
    public async Task Markup_in_a_policy_is_text()
    {
        await using var visit = await console.SignInAsync();
        var page = visit.Page;
        await page.GotoAsync($"/console/subjects/{RunningConsole.Maria}?purpose={Uri.EscapeDataString(RunningConsole.Attack)}&recipient={Uri.EscapeDataString(RunningConsole.Attack)}&channel={Uri.EscapeDataString(RunningConsole.Attack)}");
        (await page.Locator("#purpose option[value=surveys]").InnerTextAsync()).ShouldBe(RunningConsole.Attack);
        (await page.Locator("#recipient option[value=affiliates]").InnerTextAsync()).ShouldBe(RunningConsole.Attack);
        (await page.Locator("#answer code").InnerTextAsync()).ShouldBe("purpose_undeclared");
        await ReplayAsync(page, () => page.Locator("#at").PressAsync("ArrowLeft"));
        (await page.TitleAsync()).ShouldStartWith("History of a subject");
        (await page.Locator("img").CountAsync()).ShouldBe(0);
        (await page.Locator("script").CountAsync()).ShouldBe(1);
    }

    [BrowserFact]
    public async Task An_erased_person_has_a_cut_and_no_decision_says_yes()
    {
        await using var visit = await console.SignInAsync(WithoutScript);
        var page = visit.Page;
        await page.GotoAsync($"/console/subjects/{RunningConsole.Gone}?purpose=newsletter&channel=email");
        (await page.Locator("#timeline .cut title").TextContentAsync()).ShouldBe("Erased: nothing is recorded after 20 Jan 2026, 08:00:00.000");
        (await page.Locator("#answer code").InnerTextAsync()).ShouldBe("subject_erased");
        await page.GotoAsync($"{page.Url}&knownAt=2025-12-01T00:00");
        (await page.Locator("#answer code").InnerTextAsync()).ShouldBe("consent_given");
    }

    [BrowserFact]
    public async Task A_thousand_events_over_64_lanes_stay_readable()
    {
        await using var visit = await console.SignInAsync();
        var page = visit.Page;
        await page.GotoAsync($"/console/subjects/{RunningConsole.Busy}");
        (await page.Locator(".picture + .note").InnerTextAsync()).ShouldStartWith("4 further lanes");
        (await page.Locator("#timeline .of-lane").CountAsync()).ShouldBe(60);
        (await page.Locator(".in-words tbody tr").CountAsync()).ShouldBe(1000);
        (await page.Locator(".events li").CountAsync()).ShouldBe(100);
        await page.GetByRole(AriaRole.Link, new() { Name = "11", Exact = true }).First.ClickAsync();
        (await page.Locator(".events li").First.GetAttributeAsync("value")).ShouldBe("1001");
    }

    private static async Task<IReadOnlyList<string>> StateAsync(IPage page) =>
        await page.Locator(".states tbody tr").EvaluateAllAsync<string[]>("rows => rows.map((row) => `${row.querySelector('th').firstChild.textContent} ${row.querySelector('.word').textContent}`)");

    /// <summary>Everything on the page that depends on the moment.</summary>
    private static Task<string> DrawnAsync(IPage page) => page.EvaluateAsync<string>("""
        () => JSON.stringify([document.getElementById('moment').innerText, document.getElementById('playhead').getAttribute('transform'), document.getElementById('veil').getAttribute('width'),
          document.getElementById('at').value, document.getElementById('shown').value, document.getElementById('at').getAttribute('aria-valuetext'), document.getElementById('known-at').value,
          [...document.querySelectorAll('.later')].map((one) => one.id || one.querySelector('title').textContent)])
        """);

    /// <summary>Does something that asks the server for another moment, and waits until it is shown.</summary>
    private static async Task ReplayAsync(IPage page, Func<Task> act)
    {
        // Whoever came by a click may be here before the script is.
        await page.WaitForFunctionAsync("() => document.documentElement.classList.contains('scripted')");
        await page.EvaluateAsync("() => document.documentElement.removeAttribute('data-replayed')");
        await act();
        await page.WaitForFunctionAsync("() => document.documentElement.dataset.replayed !== undefined");
    }

    private static object Asked(string purpose, string channel, string recipient) => new Dictionary<string, object>
    {
        ["subject"] = RunningConsole.Maria,
        ["purpose"] = purpose,
        ["recipient"] = recipient,
    }.Concat(channel.Length == 0 ? [] : [KeyValuePair.Create<string, object>("channel", channel)]).ToDictionary();
}
