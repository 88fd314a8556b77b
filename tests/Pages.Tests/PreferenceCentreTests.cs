using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.Support;
using Microsoft.Playwright;
using RabbitMQ.Client;

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
        (await centre.MayAsync(person, "partner-sharing", channel: null, recipient: "partners")).ShouldBe("consent_given");
        (await centre.MayAsync(person, "partner-sharing", channel: null, recipient: "affiliates")).ShouldNotBe("consent_given");
        await SettledAsync(person);
        (await centre.MaySendAsync(person, "newsletter")).ShouldBe((true, "consent_given"));
    }

    [BrowserFact]
    public async Task Whoever_objected_to_marketing_gets_what_they_turn_on_again_and_no_more()
    {
        var person = Acts.NewSubject();
        await using var visit = await centre.VisitAsync(WithoutScript);
        await visit.Page.GotoAsync(await centre.LinkAsync(person, tenant: "spectral-tms"));
        (await Card(visit.Page, "product-news").InnerTextAsync()).ShouldContain("E-mail: on\n\nSpectral TMS SAS has a legitimate interest in sending this.");
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Uses of your data" }).ClickAsync();
        await ClickAsync(visit.Page, "Object to marketing");
        (await visit.Page.GetByRole(AriaRole.Status).InnerTextAsync()).ShouldBe("Your objection is recorded.");
        (await centre.MaySendAsync(person, "product-news", tenant: "spectral-tms")).Allowed.ShouldBeFalse();
        await Acts.EventuallyAsync("the objection is heard here", async () => (await centre.MaySendAsync(person, "product-news", tenant: "spectral-tms")).Rule == "unsubscribed", CancellationToken.None);

        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Messages" }).ClickAsync();
        (await Card(visit.Page, "product-news").InnerTextAsync()).ShouldContain("You objected to marketing on ");
        await ClickAsync(visit.Page, "Turn on “Product news” by e-mail");
        (await Card(visit.Page, "product-news").InnerTextAsync()).ShouldContain("E-mail: on");
        (await centre.MaySendAsync(person, "product-news", tenant: "spectral-tms")).ShouldBe((true, "not_unsubscribed"));
        (await centre.MaySendAsync(person, "recommendations", tenant: "spectral-tms")).ShouldBe((false, "unsubscribed"));

        // As it was before is with the objection.
        await ClickAsync(visit.Page, "Undo");
        (await visit.Page.GetByRole(AriaRole.Status).InnerTextAsync()).ShouldContain("Taken back.");
        (await centre.MayAsync(person, "product-news", tenant: "spectral-tms")).ShouldBe("subject_objected");
        (await centre.MaySendAsync(person, "product-news", tenant: "spectral-tms")).Allowed.ShouldBeFalse();
    }

    [BrowserFact]
    public async Task Whoever_objected_to_profiling_turns_on_nothing_against_it_and_loses_nothing_by_trying()
    {
        var person = Acts.NewSubject();
        foreach (var to in (string[])["profiling", "marketing"])
        {
            await centre.DoAsync(person, "objections", new { to, occurredAt = Acts.Ago(5), actor = "subject", method = "web-form" }, "spectral-tms");
            await using var visit = await centre.VisitAsync(WithoutScript);
            await visit.Page.GotoAsync(await centre.LinkAsync(person, tenant: "spectral-tms"));
            await ClickAsync(visit.Page, "Turn on “Recommendations” by e-mail");
            (await visit.Page.GetByRole(AriaRole.Status).InnerTextAsync()).ShouldBe("That could not be done. Nothing has changed.");
            (await Card(visit.Page, "recommendations").InnerTextAsync()).ShouldContain("E-mail: off");
            (await centre.MaySendAsync(person, "product-news", tenant: "spectral-tms")).Allowed.ShouldBe(to == "profiling", "nobody touched it");
        }
    }

    [BrowserFact]
    public async Task A_reason_for_objecting_goes_sealed_to_the_consent_service_and_nowhere_else()
    {
        const string Reason = "canary: my neighbour works there";
        var person = Acts.NewSubject();
        await using var visit = await centre.VisitAsync(WithoutScript);
        await visit.Page.GotoAsync($"{await centre.LinkAsync(person)}/uses");
        await visit.Page.GetByLabel("Use", new() { Exact = true }).SelectOptionAsync("site-improvement");
        await visit.Page.GetByLabel("Your reason").FillAsync(Reason);
        await ClickAsync(visit.Page, "Object");
        (await visit.Page.GetByRole(AriaRole.Status).InnerTextAsync()).ShouldBe("Your objection is recorded.");
        (await visit.Page.Locator("#site-improvement").InnerTextAsync()).ShouldContain("You objected to this");
        (await centre.MayAsync(person, "site-improvement", channel: null)).ShouldBe("objection_pending");
        (await centre.HistoryAsync(person)).Single(e => Type(e) == "objection.raised.v1").GetProperty("evidence").GetProperty("reason").GetString().ShouldBe(Reason);
        foreach (var log in centre.Here.LogFiles) (await File.ReadAllTextAsync(log)).ShouldNotContain("canary");
        (await visit.Page.ContentAsync()).ShouldNotContain("canary");
    }

    [BrowserFact]
    public async Task Sharing_is_agreed_to_for_each_recipient_and_withdrawn_for_all()
    {
        var person = Acts.NewSubject();
        await using var visit = await centre.VisitAsync(WithoutScript);
        await visit.Page.GotoAsync($"{await centre.LinkAsync(person)}/uses");
        await ClickAsync(visit.Page, "I agree: Sharing with partners and affiliates beyond an order");
        (await visit.Page.GetByRole(AriaRole.Status).InnerTextAsync()).ShouldBe("Your consent is recorded.");
        foreach (var recipient in (string[])["partners", "affiliates"]) (await centre.MayAsync(person, "partner-sharing", null, recipient)).ShouldBe("consent_given");
        await ClickAsync(visit.Page, "Withdraw consent: Sharing with partners and affiliates beyond an order");
        foreach (var recipient in (string[])["partners", "affiliates"]) (await centre.MayAsync(person, "partner-sharing", null, recipient)).ShouldBe("consent_withdrawn");

        await Acts.EventuallyAsync("it is heard here", async () => (await centre.VersionsAsync(person)).Preferences >= 5, CancellationToken.None);
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "History" }).ClickAsync();
        (await visit.Page.Locator("ol li span").AllInnerTextsAsync()).ShouldContain(words => words.StartsWith("You agreed: Sharing with partners and affiliates beyond an order", StringComparison.Ordinal));
    }

    [BrowserFact]
    public async Task The_history_tells_each_choice_once_in_plain_words()
    {
        var person = await AgreedAsync("newsletter");
        await using var visit = await centre.VisitAsync(WithoutScript);
        var link = await centre.LinkAsync(person);
        await visit.Page.GotoAsync(link);
        await ClickAsync(visit.Page, "Turn off “Newsletter” by e-mail");
        await ClickAsync(visit.Page, "Undo");
        await SettledAsync(person);
        await visit.Page.GotoAsync($"{link}/history");
        const string Agreed = "You agreed, and “Newsletter” by e-mail was turned on.";
        var told = await visit.Page.Locator("ol li span").AllInnerTextsAsync();
        told.Skip(1).ShouldBe(["You turned off “Newsletter” by e-mail.", Agreed]);

        // Undoing agrees again, and word of that may open the topic before the page does.
        told[0].ShouldBeOneOf("You undid that: “Newsletter” by e-mail is on.", Agreed);
    }

    [BrowserFact]
    public async Task People_take_a_copy_of_their_data_and_are_forgotten_when_they_ask()
    {
        var person = await AgreedAsync("newsletter");
        await using var visit = await centre.VisitAsync(new() { JavaScriptEnabled = false, AcceptDownloads = true });
        var link = await centre.LinkAsync(person);
        await visit.Page.GotoAsync($"{link}/data");
        foreach (var (button, name, word) in new[] { ("Download all of it (JSON)", "my-data.json", "\"newsletter\""), ("Download a table (CSV)", "my-data.csv", "newsletter") })
        {
            var download = await visit.Page.RunAndWaitForDownloadAsync(() => ClickAsync(visit.Page, button));
            download.SuggestedFilename.ShouldBe(name);
            (await File.ReadAllTextAsync(await download.PathAsync())).ShouldContain(word);
        }

        (await centre.HistoryAsync(person)).Count(e => Type(e) == "consent.history-read.v1").ShouldBeGreaterThanOrEqualTo(2, "that copies were taken is recorded");
        await visit.Page.GetByLabel("I am sure. Erase my data.").CheckAsync();
        await ClickAsync(visit.Page, "Ask for erasure");
        (await visit.Page.GetByRole(AriaRole.Status).InnerTextAsync()).ShouldContain("It will be finished by ");

        // Asked of the orchestrator, because a person's links may not be used as often as a test looks.
        var request = System.Web.HttpUtility.ParseQueryString(new Uri(visit.Page.Url).Query)["erasure"];
        var privacy = centre.Here.Client(centre.Here.Erasure, RunningCentre.Tenant, "privacy");
        await Acts.EventuallyAsync("the erasure is complete", async () =>
            (await privacy.GetOkAsync($"/v1/erasures/{request}", CancellationToken.None)).GetProperty("state").GetString() is "completed" or "certified", CancellationToken.None);
        await visit.Page.ReloadAsync();
        (await visit.Page.GetByRole(AriaRole.Status).InnerTextAsync()).ShouldContain("The erasure has ended. Not all data was erased, for instance because the law wants it kept");
        var asked = new Uri(visit.Page.Url).Query;
        await visit.Page.GotoAsync(link);
        (await visit.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }).InnerTextAsync()).ShouldBe("Nothing is kept here any more");
        (await centre.MaySendAsync(person, "newsletter")).ShouldBe((false, "subject_erased"));

        // Another person's request is nobody else's to look at.
        await visit.Page.GotoAsync($"{await centre.LinkAsync(Acts.NewSubject())}/data{asked}");
        (await visit.Page.GetByRole(AriaRole.Status).InnerTextAsync()).ShouldContain("cannot be shown right now");
    }

    [BrowserFact]
    public async Task A_consent_in_two_steps_begins_with_the_button_and_neither_with_the_form_nor_with_the_opening()
    {
        var person = Acts.NewSubject();
        await centre.DoAsync(person, "grants", new { purpose = "newsletter", channel = "email", occurredAt = Acts.Ago(5), actor = "subject", method = "web-form", confirm = true });
        await using var visit = await centre.VisitAsync(WithoutScript);
        var link = await centre.ConfirmationAsync(person, "newsletter");
        await visit.Page.GotoAsync(link);
        await visit.Page.ReloadAsync();
        (await visit.Page.Locator("main").InnerTextAsync()).ShouldContain("Please send me the Quintus newsletter by e-mail.");
        (await centre.MaySendAsync(person, "newsletter")).ShouldBe((false, "consent_pending"));

        await ClickAsync(visit.Page, "Yes, I confirm");
        (await visit.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }).InnerTextAsync()).ShouldBe("Confirmed");
        (await centre.MaySendAsync(person, "newsletter")).ShouldBe((true, "consent_given"));
        await visit.Page.GotoAsync(link);
        (await visit.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }).InnerTextAsync()).ShouldBe("Confirmed");
        var confirmed = (await centre.HistoryAsync(person)).Single(e => Type(e) == "consent.confirmed.v1").GetProperty("data");
        (Text(confirmed, "actor"), Text(confirmed, "method")).ShouldBe(("subject", "confirmation-link"));

        // What was withdrawn is not confirmed, by whoever still has the mail.
        await centre.DoAsync(person, "withdrawals", Acts.Withdrawal("newsletter"));
        await visit.Page.GotoAsync(link);
        (await visit.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }).InnerTextAsync()).ShouldBe("There is nothing to confirm");
        (await visit.Page.GetByRole(AriaRole.Button).CountAsync()).ShouldBe(0);
    }

    [BrowserFact]
    public async Task Who_asked_again_confirms_by_the_newest_mail_and_by_no_other()
    {
        var person = Acts.NewSubject();
        await using var visit = await centre.VisitAsync(WithoutScript);
        var page = visit.Page;
        await AskAsync(5);
        var first = await centre.ConfirmationAsync(person, "newsletter");
        await page.GotoAsync(first);
        await AskAsync(4);
        var second = await centre.ConfirmationAsync(person, "newsletter");
        await ClickAsync(page, "Yes, I confirm");
        (await page.GetByRole(AriaRole.Heading, new() { Level = 1 }).InnerTextAsync()).ShouldBe("This is not the newest mail");
        (await centre.MaySendAsync(person, "newsletter")).ShouldBe((false, "consent_pending"));

        await page.GotoAsync(second);
        await ClickAsync(page, "Yes, I confirm");
        (await page.GetByRole(AriaRole.Heading, new() { Level = 1 }).InnerTextAsync()).ShouldBe("Confirmed");
        (await centre.MaySendAsync(person, "newsletter")).ShouldBe((true, "consent_given"));

        Task AskAsync(int ago) => centre.DoAsync(person, "grants", new { purpose = "newsletter", channel = "email", occurredAt = Acts.Ago(ago), actor = "subject", method = "web-form", confirm = true });
    }

    [BrowserFact]
    public async Task Mails_to_confirm_are_limited_and_go_out_for_what_waits_only()
    {
        var person = Acts.NewSubject();
        var asked = new { purpose = "newsletter", channel = "email" };
        var email = centre.EmailSystem();
        var path = $"/v1/subjects/{person}/confirmation-links";
        (await email.PostAsync(path, asked, System.Net.HttpStatusCode.UnprocessableEntity, CancellationToken.None)).GetProperty("code").GetString().ShouldBe("nothing_to_confirm");
        await centre.DoAsync(person, "grants", new { purpose = "newsletter", channel = "email", occurredAt = Acts.Ago(5), actor = "subject", method = "web-form", confirm = true });
        for (var i = 0; i < 3; i++) await email.PostOkAsync(path, asked, CancellationToken.None);
        (await email.PostAsync(path, asked, System.Net.HttpStatusCode.UnprocessableEntity, CancellationToken.None)).GetProperty("code").GetString().ShouldBe("confirmations_exhausted");
    }

    [BrowserFact]
    public async Task An_unsubscribe_is_taken_back_on_the_page_that_says_it_is_done_and_from_no_other()
    {
        var person = await AgreedAsync("newsletter");
        await using var visit = await centre.VisitAsync(new() { JavaScriptEnabled = false, Locale = "de-AT" });
        var asked = await centre.EmailSystem().PostOkAsync("/v1/send-decisions", new { subject = person, topic = "newsletter", channel = "email" }, CancellationToken.None);
        var link = new Uri(asked.GetProperty("listUnsubscribe").GetString()!.Trim('<', '>')).AbsolutePath;
        await visit.Page.GotoAsync(link);
        await ClickAsync(visit.Page, "Abmelden");
        (await visit.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }).InnerTextAsync()).ShouldBe("Sie sind abgemeldet");
        (await centre.MaySendAsync(person, "newsletter")).ShouldBe((false, "unsubscribed"));

        // The link by itself says one thing only.
        using var stranger = new HttpClient { BaseAddress = centre.Here.Preference.Url };
        foreach (var form in (string[])["did=3", "did=3&proof=x", ""])
        {
            using var body = new StringContent(form, System.Text.Encoding.ASCII, "application/x-www-form-urlencoded");
            (await stranger.PostAsync(new Uri($"{link}/undo", UriKind.Relative), body)).StatusCode.ShouldBe(System.Net.HttpStatusCode.BadRequest);
        }

        await ClickAsync(visit.Page, "Rückgängig machen");
        (await visit.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }).InnerTextAsync()).ShouldBe("Rückgängig gemacht");
        await SettledAsync(person);
        (await centre.MaySendAsync(person, "newsletter")).ShouldBe((true, "consent_given"));
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Alle Ihre Einstellungen ansehen" }).ClickAsync();
        (await visit.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }).InnerTextAsync()).ShouldBe("Was Sie von Quintus Technologies AB bekommen");
    }

    [BrowserFact]
    public async Task Everything_is_reached_and_done_by_keyboard()
    {
        var person = await AgreedAsync("newsletter");
        await using var visit = await centre.VisitAsync();
        var page = visit.Page;
        await page.GotoAsync(await centre.LinkAsync(person));
        await page.Keyboard.PressAsync("Tab");
        (await FocusedAsync(page)).ShouldBe("Skip to the content");
        await page.Keyboard.PressAsync("Enter");
        await page.Keyboard.PressAsync("Tab");
        (await FocusedAsync(page)).ShouldBe("Turn off “Newsletter” by e-mail");
        (await page.EvaluateAsync<string>("() => getComputedStyle(document.activeElement).outlineStyle")).ShouldBe("solid");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Status).WaitForAsync();
        (await centre.MaySendAsync(person, "newsletter")).ShouldBe((false, "unsubscribed"));
    }

    [BrowserFact]
    public async Task The_echo_of_a_no_over_the_bus_does_not_end_the_yes_that_was_given_in_between()
    {
        var person = Acts.NewSubject();
        var said = TimeProvider.System.GetUtcNow().AddSeconds(-5);
        await centre.DoAsync(person, "grants", Acts.Grant("newsletter"));
        await centre.DoAsync(person, "withdrawals", new { purpose = "newsletter", channel = "email", occurredAt = said, actor = "subject", method = "preference-centre" });
        await centre.DoAsync(person, "grants", new { purpose = "newsletter", channel = "email", occurredAt = said.AddSeconds(1), actor = "subject", method = "preference-centre" });
        await using var channel = await centre.Here.Broker.OpenChannelAsync();
        await UnsubscribedAsync(said);

        // Of one person one message is handled after the other, and this one is another no.
        await UnsubscribedAsync(said.AddSeconds(2));
        await Acts.EventuallyAsync("the later no is heard", async () => await centre.MayAsync(person, "newsletter") == "consent_withdrawn", CancellationToken.None);
        (await centre.HistoryAsync(person)).Where(e => Type(e) != "consent.history-read.v1").Select(Type).ShouldBe(["consent.granted.v1", "consent.withdrawn.v1", "consent.granted.v1", "consent.withdrawn.v1"]);

        async Task UnsubscribedAsync(DateTimeOffset at)
        {
            var message = new CloudEvent
            {
                Id = Acts.NewSubject(),
                Source = "https://consentledger/marketing-preference",
                Type = MarketingUnsubscribedV1.Type,
                Time = at,
                Subject = person,
                Tenant = RunningCentre.Tenant,
                StreamVersion = 1,
                Data = CloudEvent.DataFrom(new MarketingUnsubscribedV1("newsletter", "email", "newsletter", "consent", "preference-centre", "subject", "preference-centre", at, WithdrawsConsent: true)),
            };
            await channel.BasicPublishAsync(Exchanges.MarketingEvents, message.Type, mandatory: true, new BasicProperties { Persistent = true, ContentType = CloudEvent.MediaType }, message.ToJson());
        }
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

    private static Task<string> FocusedAsync(IPage page) => page.EvaluateAsync<string>("() => document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.trim()");

    private static string? Type(JsonElement e) => Text(e, "type");

    private static string? Text(JsonElement e, string member) => e.GetProperty(member).GetString();
}
