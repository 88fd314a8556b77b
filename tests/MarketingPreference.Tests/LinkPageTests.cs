using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using ConsentLedger.Contracts;
using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.Unsubscribing;
using static ConsentLedger.MarketingPreference.Tests.RunningService;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>What mail clients, scanners, browsers and forgers do with a link.</summary>
[Collection(nameof(RunningService))]
public sealed class LinkPageTests(RunningService service)
{
    private const string OneClickMultipart = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";

    [Theory]
    [InlineData("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click", "one-click")]
    [InlineData("application/x-www-form-urlencoded; charset=utf-8", "List-Unsubscribe=One-Click", "one-click")]
    [InlineData("multipart/form-data; boundary=b", OneClickMultipart, "one-click")]
    [InlineData("multipart/form-data; boundary=\"b\"", OneClickMultipart, "one-click")]
    [InlineData("application/x-www-form-urlencoded", "confirm=unsubscribe", "page")]
    public async Task The_exact_bytes_of_a_mail_client_and_of_the_page_unsubscribe(string contentType, string body, string cause)
    {
        var subject = NewSubject();
        var path = await service.LinkAsync(subject, deliveryId: "mail-4711", recipientRef: "rcpt.9");
        using var answer = await PostAsync(path, contentType, Encoding.ASCII.GetBytes(body));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Headers.Contains("Set-Cookie").ShouldBeFalse();

        (await service.DecideAsync(subject, "module-crm")).GetProperty("rule").GetString().ShouldBe("unsubscribed");
        IReadOnlyList<CloudEvent> heard = [];
        await EventuallyAsync("it is published", async () => (heard = await service.OverheardAsync(subject)).Count > 0);
        var data = heard.ShouldHaveSingleItem().DataAs<MarketingUnsubscribedV1>();
        (data.Topic, data.Channel, data.Cause, data.Actor, data.DeliveryId, data.RecipientRef, data.WithdrawsConsent).ShouldBe(("module-crm", "email", cause, "subject", "mail-4711", "rcpt.9", false));
    }

    [Fact]
    public async Task A_repeat_is_answered_like_the_first_and_recorded_once()
    {
        var subject = NewSubject();
        var path = await service.LinkAsync(subject);
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => service.OneClickAsync(path)))) (await BodyAsync(answer, HttpStatusCode.OK)).ShouldContain("unsubscribed");
        (await service.PreferencesAsync(subject)).GetProperty("version").GetInt64().ShouldBe(2, "one unsubscribe, and this reading");
    }

    [Fact]
    public async Task Only_the_click_that_left_is_shown_the_way_back()
    {
        var path = await service.LinkAsync(NewSubject());
        (await PressAsync()).ShouldContain($"{path}/undo");
        (await PressAsync()).ShouldNotContain("/undo", Case.Sensitive, "whoever else has the mail would take back what the person said");

        async Task<string> PressAsync() => await BodyAsync(await service.SendAsync(HttpMethod.Post, path, Form("confirm=unsubscribe")), HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_mail_client_is_answered_in_a_word_and_given_no_way_to_anywhere()
    {
        using var answer = await service.OneClickAsync(await service.LinkAsync(NewSubject()));
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/plain");
        (await BodyAsync(answer, HttpStatusCode.OK)).ShouldBe("unsubscribed");
    }

    [Fact]
    public async Task Opening_the_link_changes_nothing_however_it_is_opened()
    {
        var subject = NewSubject();
        var path = await service.LinkAsync(subject);
        (await BodyAsync(await service.SendAsync(HttpMethod.Get, path), HttpStatusCode.OK)).ShouldContain("<form method=\"post\">");
        (await BodyAsync(await service.SendAsync(HttpMethod.Head, path), HttpStatusCode.OK)).ShouldBeEmpty();
        await service.SendAsync(HttpMethod.Get, path, headers: [("Sec-Purpose", "prefetch"), ("Purpose", "prefetch")]);
        await service.SendAsync(HttpMethod.Get, $"{path}?List-Unsubscribe=One-Click&confirm=unsubscribe");
        await service.SendAsync(HttpMethod.Put, path, Form("List-Unsubscribe=One-Click"));
        await service.SendAsync(HttpMethod.Options, path);

        (await service.DecideAsync(subject, "module-crm")).GetProperty("allowed").GetBoolean().ShouldBeTrue();
        (await service.PreferencesAsync(subject)).GetProperty("version").GetInt64().ShouldBe(0);
    }

    [Fact]
    public async Task The_page_names_controller_and_topic_and_nothing_about_the_person()
    {
        var subject = NewSubject();
        service.Consent.Give(subject, "surveys-and-contests");
        using var answer = await service.SendAsync(HttpMethod.Get, await service.LinkAsync(subject, "contests", recipientRef: "rcpt.9"));
        var page = await answer.Content.ReadAsStringAsync();
        page.ShouldContain(Packs.Northwind.Controller.Name);
        page.ShouldContain("All about contests");
        page.ShouldNotContain(subject);
        page.ShouldNotContain("rcpt.9");
        page.ShouldNotContain("<script");

        answer.Content.Headers.ContentType!.ToString().ShouldBe("text/html; charset=utf-8");
        answer.Headers.GetValues("Content-Security-Policy").Single().ShouldStartWith("default-src 'none'; style-src 'sha256-");
        answer.Headers.GetValues("Content-Security-Policy").Single().ShouldNotContain("unsafe");
        answer.Headers.GetValues("Referrer-Policy").Single().ShouldBe("no-referrer");
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(page.Split("<style>")[1].Split("</style>")[0])))
            .ShouldBe(answer.Headers.GetValues("Content-Security-Policy").Single().Split("'sha256-")[1].Split('\'')[0]);
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded", "")]
    [InlineData("application/x-www-form-urlencoded", "List-Unsubscribe=one-click")]
    [InlineData("application/x-www-form-urlencoded", "list-unsubscribe=no")]
    [InlineData("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click&confirm=unsubscribe")]
    [InlineData("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click&List-Unsubscribe=One-Click")]
    [InlineData("application/x-www-form-urlencoded", "confirm=subscribe")]
    [InlineData("application/json", "{\"List-Unsubscribe\":\"One-Click\"}")]
    [InlineData("text/plain", "List-Unsubscribe=One-Click")]
    [InlineData("multipart/form-data", OneClickMultipart)]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Cl")]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"; filename=\"a\"\r\n\r\nOne-Click\r\n--b--\r\n")]
    [InlineData("multipart/form-data; boundary=b", "nothing of the kind")]
    public async Task Anything_else_in_the_body_changes_nothing(string contentType, string body)
    {
        var subject = NewSubject();
        var path = await service.LinkAsync(subject);
        (await CodeAsync(await PostAsync(path, contentType, Encoding.ASCII.GetBytes(body)), HttpStatusCode.BadRequest)).ShouldBe("unsubscribe_body_invalid");
        (await service.DecideAsync(subject, "module-crm")).GetProperty("allowed").GetBoolean().ShouldBeTrue();
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=b")]
    public async Task A_body_has_an_end(string contentType)
    {
        var path = await service.LinkAsync(NewSubject());
        (await CodeAsync(await PostAsync(path, contentType, Encoding.ASCII.GetBytes("--b\r\n" + new string('a', 5000))), HttpStatusCode.RequestEntityTooLarge)).ShouldBe("body_too_large");
    }

    [Fact]
    public async Task A_forged_damaged_or_ended_link_hears_one_answer_and_no_more()
    {
        var genuine = await service.LinkAsync(NewSubject());
        var links = new UnsubscribeLinks(File.ReadAllBytes(service.LinkKeyFile), new Uri("https://preferences.example"));
        var link = links.Find(genuine["/u/".Length..], TimeProvider.System.GetUtcNow()).ShouldNotBeNull();
        string[] bad =
        [
            "/u/x", $"{genuine}A", $"{genuine[..^1]}{(genuine[^1] == 'A' ? 'B' : 'A')}", $"/u/{new string('A', 9000)}",
            $"/u/{links.TokenOf(link with { ExpiresAt = TimeProvider.System.GetUtcNow().AddSeconds(-1) })}",
            $"/u/{links.TokenOf(link with { Tenant = TenantId.Parse("another") })}",
            $"/u/{links.TokenOf(link with { Topic = "horoscopes" })}",
            $"/u/{new UnsubscribeLinks(new byte[32], new Uri("https://preferences.example")).TokenOf(link)}",
        ];
        foreach (var path in bad)
        {
            var answer = await service.OneClickAsync(path);
            answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
            (await CodeAsync(answer, HttpStatusCode.NotFound)).ShouldBe("link_invalid");
            (await CodeAsync(await service.SendAsync(HttpMethod.Get, path), HttpStatusCode.NotFound)).ShouldBe("link_invalid");
            (await BodyAsync(await service.SendAsync(HttpMethod.Get, path, headers: [("Accept", "text/html,*/*;q=0.8")]), HttpStatusCode.NotFound)).ShouldContain("<h1>This link is not valid</h1>");
        }

        (await BodyAsync(await service.OneClickAsync(genuine), HttpStatusCode.OK)).ShouldContain("unsubscribed");
    }

    [Theory]
    [InlineData("/u")]
    [InlineData("/p/")]
    [InlineData("/c")]
    [InlineData("/p/x/uses%3E.")]
    [InlineData("/u/x/Best/regards")]
    public async Task What_a_mail_program_left_of_a_link_is_told_on_a_page(string path)
    {
        (await CodeAsync(await service.SendAsync(HttpMethod.Get, path), HttpStatusCode.NotFound)).ShouldBe("link_invalid");
        var page = await BodyAsync(await service.SendAsync(HttpMethod.Get, path, headers: [("Accept", "text/html,*/*;q=0.8"), ("Accept-Language", "sv")]), HttpStatusCode.NotFound);
        page.ShouldContain("<html lang=\"sv\"");
    }

    [Fact]
    public async Task One_link_used_without_end_is_slowed_down()
    {
        var path = await service.LinkAsync(NewSubject());
        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => service.OneClickAsync(path)));
        answers.Select(a => a.StatusCode).Distinct().ShouldBe([HttpStatusCode.OK, HttpStatusCode.TooManyRequests], ignoreOrder: true);
        (await BodyAsync(await service.OneClickAsync(await service.LinkAsync(NewSubject())), HttpStatusCode.OK)).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Whatever_opens_the_link_or_posts_something_else_to_it_without_end_does_not_keep_the_one_click_out()
    {
        var subject = NewSubject();
        var path = await service.LinkAsync(subject);
        var all = Regex.Match(await BodyAsync(await service.SendAsync(HttpMethod.Get, path, headers: [("Accept", "text/html")]), HttpStatusCode.OK), "href=\"(/p/[^\"]+)\"").Groups[1].Value;
        Func<Task<HttpResponseMessage>>[] others =
        [
            () => service.SendAsync(HttpMethod.Get, path), () => service.SendAsync(HttpMethod.Head, path), () => service.SendAsync(HttpMethod.Get, all), () => service.SendAsync(HttpMethod.Get, $"{all}/uses"),
        ];

        // Until the looking is slowed down.
        IReadOnlyList<HttpResponseMessage> answers = [];
        while (answers.All(a => a.StatusCode != HttpStatusCode.TooManyRequests)) answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => others[i % others.Length]()));
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => service.SendAsync(HttpMethod.Post, path, Form("confirm=subscribe"))));
        (await BodyAsync(await service.OneClickAsync(path), HttpStatusCode.OK)).ShouldContain("unsubscribed");
        (await service.DecideAsync(subject, "module-crm")).GetProperty("rule").GetString().ShouldBe("unsubscribed");
    }

    [Fact]
    public async Task A_link_holds_no_address_because_nothing_that_could_be_one_goes_in()
    {
        var code = await CodeAsync(
            await service.SendAsync(HttpMethod.Post, "/v1/send-decisions", Json(new { subject = NewSubject(), topic = "module-crm", channel = "email", recipientRef = "canary@example.org" }), "email"),
            HttpStatusCode.BadRequest);
        code.ShouldBe("body_invalid");
        (await File.ReadAllTextAsync(service.LogFile)).ShouldNotContain("canary");
    }

    private Task<HttpResponseMessage> PostAsync(string path, string contentType, byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return service.SendAsync(HttpMethod.Post, path, content);
    }

    private static async Task<string> BodyAsync(HttpResponseMessage answer, HttpStatusCode expected)
    {
        using (answer)
        {
            var text = await answer.Content.ReadAsStringAsync();
            answer.StatusCode.ShouldBe(expected, text);
            return text;
        }
    }
}
