using System.Text.Json;
using ConsentLedger.Support;
using Microsoft.Playwright;

namespace ConsentLedger.Pages.Tests;

/// <summary>What a person does at their page, with the browser as they have it: without a script, in both services.</summary>
[Collection(nameof(RunningCentre))]
public sealed class PreferenceCentreTests(RunningCentre centre)
{
    private static readonly BrowserNewContextOptions WithoutScript = new() { JavaScriptEnabled = false };

    [BrowserFact]
    public async Task A_topic_is_left_and_the_gate_and_the_consent_know_at_once()
    {
        var person = await AgreedAsync("newsletter");
        await using var visit = await centre.VisitAsync(WithoutScript);
        var page = visit.Page;
        await page.GotoAsync(await centre.LinkAsync(person));
        (await page.GetByRole(AriaRole.Heading, new() { Level = 1 }).InnerTextAsync()).ShouldBe("What you get from Quintus Technologies AB");
        (await Card(page, "newsletter").InnerTextAsync()).ShouldContain("E-mail: on\n\nYou agreed to this.");
        (await Card(page, "product-news").InnerTextAsync()).ShouldContain("Post: off\n\nYou have not agreed to this.");

        await ClickAsync(page, "Turn off “Newsletter” by e-mail");
        (await page.GetByRole(AriaRole.Status).InnerTextAsync()).ShouldContain("You no longer get “Newsletter” by e-mail.");
        (await Card(page, "newsletter").InnerTextAsync()).ShouldContain("E-mail: off\n\nYou turned this off on ");
        (await centre.MaySendAsync(person, "newsletter")).ShouldBe((false, "unsubscribed"));
        (await centre.MayAsync(person, "newsletter")).ShouldBe("consent_withdrawn");

        // A reload repeats the looking and not the doing.
        var before = await centre.VersionsAsync(person);
        await page.ReloadAsync();
        (await centre.VersionsAsync(person)).Preferences.ShouldBe(before.Preferences);
    }

    [BrowserFact]
    public async Task What_was_left_by_mistake_is_taken_back_under_the_words_beside_the_button()
    {
        var person = await AgreedAsync("newsletter");
        await using var visit = await centre.VisitAsync(WithoutScript);
        await visit.Page.GotoAsync(await centre.LinkAsync(person));
        await ClickAsync(visit.Page, "Turn off “Newsletter” by e-mail");
        await visit.Page.GetByText("Undoing agrees again to this").ClickAsync();
        (await visit.Page.GetByRole(AriaRole.Status).InnerTextAsync()).ShouldContain("Please send me the Quintus newsletter by e-mail.");
        await ClickAsync(visit.Page, "Undo");
        (await visit.Page.GetByRole(AriaRole.Status).InnerTextAsync()).ShouldContain("Taken back.");
        (await Card(visit.Page, "newsletter").InnerTextAsync()).ShouldContain("E-mail: on");

        // The no is on its way over the bus as well. Its echo must not take the yes away that came after it.
        var regained = (await centre.HistoryAsync(person)).Last(e => Type(e) == "consent.granted.v1").GetProperty("data");
        regained.GetProperty("text").GetProperty("id").GetString().ShouldBe("newsletter-v1");
        await SettledAsync(person);
        (await centre.MaySendAsync(person, "newsletter")).ShouldBe((true, "consent_given"));
    }

    [BrowserFact]
    public async Task Turning_on_grants_the_consent_under_the_words_that_the_page_showed()
    {
        var person = Acts.NewSubject();
        await using var visit = await centre.VisitAsync(WithoutScript);
        await visit.Page.GotoAsync(await centre.LinkAsync(person, lang: "sv"));
        (await Card(visit.Page, "newsletter").InnerTextAsync()).ShouldContain("Skicka mig gärna Quintus nyhetsbrev per e-post.");
        await Card(visit.Page, "newsletter").GetByRole(AriaRole.Button).ClickAsync();
        (await centre.MaySendAsync(person, "newsletter")).ShouldBe((true, "consent_given"));

        var granted = (await centre.HistoryAsync(person)).Single(e => Type(e) == "consent.granted.v1").GetProperty("data");
        (Text(granted, "actor"), Text(granted, "method"), Text(granted, "source")).ShouldBe(("subject", "preference-centre", "marketing-preference"));
        var text = granted.GetProperty("text");
        (Text(text, "id"), Text(text, "locale")).ShouldBe(("newsletter-v1", "sv"));
        Text(text, "hash").ShouldBe("sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("Skicka mig gärna Quintus nyhetsbrev per e-post. Jag kan avsluta det när som helst."u8)));
        (await centre.MaySendAsync(person, "product-news")).Allowed.ShouldBeFalse();
    }

    [BrowserFact]
    public async Task Everything_stops_with_one_button_and_comes_back_with_another()
    {
        var person = await AgreedAsync("newsletter", "product-news");
        await centre.DoAsync(person, "grants", new { purpose = "partner-sharing", recipient = "partners", occurredAt = Acts.Ago(5), actor = "subject", method = "web-form" });
        await Acts.EventuallyAsync("it is heard here", async () => (await centre.VersionsAsync(person)).Preferences >= 5, CancellationToken.None);
        await using var visit = await centre.VisitAsync(WithoutScript);
        await visit.Page.GotoAsync(await centre.LinkAsync(person));
        await ClickAsync(visit.Page, "Stop everything");
        (await visit.Page.GetByRole(AriaRole.Status).InnerTextAsync()).ShouldContain("All of it is off.");

        // An explicit no for each, also for what was never chosen.
        foreach (var (topic, channel) in new[] { ("newsletter", "email"), ("product-news", "phone"), ("renewal-offers", "email"), ("event-invitations", "email"), ("surveys", "email"), ("product-updates", "email") })
            (await centre.MaySendAsync(person, topic, channel)).ShouldBe((false, "unsubscribed"));
        (await centre.MaySendAsync(person, "order-updates")).ShouldBe((true, "transactional"));
        (await centre.MayAsync(person, "newsletter")).ShouldBe("subject_objected");
        (await centre.MayAsync(person, "partner-sharing", channel: null, recipient: "partners")).ShouldBe("consent_withdrawn");
        await SettledAsync(person);
        await ClickAsync(visit.Page, "Undo");
        (await visit.Page.GetByRole(AriaRole.Status).InnerTextAsync()).ShouldContain("Taken back.");
        (await centre.MaySendAsync(person, "newsletter")).ShouldBe((true, "consent_given"));
        (await centre.MaySendAsync(person, "product-updates")).ShouldBe((true, "not_unsubscribed"));
        (await centre.MaySendAsync(person, "renewal-offers")).Allowed.ShouldBeFalse();
        await SettledAsync(person);
        (await centre.MaySendAsync(person, "newsletter")).ShouldBe((true, "consent_given"));
    }

    /// <summary>Everything that either service has to tell the other has been told.</summary>
    private async Task SettledAsync(string person) => await Acts.EventuallyAsync("both services have heard of each other", async () =>
    {
        var (preferences, consents) = await centre.VersionsAsync(person);
        await using var source = Npgsql.NpgsqlDataSource.Create(centre.Here.ConnectionString("preference"));
        await using var heard = source.CreateCommand("select count(*) from mt_events where stream_id = $1 and type = 'marketing.consent-followed.v1'");
        heard.Parameters.AddWithValue(person);
        return Convert.ToInt64(await heard.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture) == consents
            && await centre.Here.Broker.CountReadyAsync("consent.from-marketing") == 0 && (await centre.VersionsAsync(person)) == (preferences, consents);
    }, CancellationToken.None);

    /// <summary>Somebody who agreed to these, of which word has come here.</summary>
    private async Task<string> AgreedAsync(params string[] purposes)
    {
        var person = Acts.NewSubject();
        foreach (var purpose in purposes) await centre.DoAsync(person, "grants", Acts.Grant(purpose));
        await Acts.EventuallyAsync("it is heard here", async () => (await centre.VersionsAsync(person)).Preferences >= 2 * purposes.Length, CancellationToken.None);
        return person;
    }

    private static ILocator Card(IPage page, string topic) => page.Locator($"#{topic}");

    private static Task ClickAsync(IPage page, string button) => page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();

    private static string? Type(JsonElement e) => Text(e, "type");

    private static string? Text(JsonElement e, string member) => e.GetProperty(member).GetString();
}
