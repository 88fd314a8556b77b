using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.Support;
using Microsoft.Playwright;
using RabbitMQ.Client;

namespace ConsentLedger.Pages.Tests;

/// <summary>An erasure service with some weeks of requests, and a browser.</summary>
public sealed class RunningDesk : IAsyncLifetime
{
    public const string Tenant = "quintus";

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(15));

    public Installation Installation { get; private set; } = null!;

    public Browser Browser { get; private set; } = null!;

    public Uri Url => Installation.Erasure.Url;

    /// <summary>Nearly due; somebody has to answer for the archive.</summary>
    public string Running { get; private set; } = "";

    public string Completed { get; private set; } = "";

    /// <summary>On a legal hold.</summary>
    public string Held { get; private set; } = "";

    /// <summary>It was on two legal holds, and is extended.</summary>
    public string Delayed { get; private set; } = "";

    public async Task InitializeAsync()
    {
        if (Browser.Program is null) return;
        Installation = await Installation.PrepareAsync(movableClock: true);
        Installation.Clock.Move(TimeSpan.FromDays(-27));

        // Nobody else is there, so nobody is asked for addresses.
        Installation.Erasure.Settings.Remove("Consent__Url");
        await Installation.Erasure.StartAsync(_patience.Token);
        await TellAsync();
        Browser = await Browser.StartAsync();
    }

    public async Task DisposeAsync()
    {
        _patience.Dispose();
        if (Browser.Program is null) return;
        await Browser.DisposeAsync();
        await Installation.DisposeAsync();
    }

    /// <summary>A browser that is signed in to the desk with a token of this role.</summary>
    public async Task<Visit> SignInAsync(BrowserNewContextOptions? options = null, string role = "privacy")
    {
        var visit = await Browser.VisitAsync(Url, options);
        await visit.Page.GotoAsync("/desk");
        await visit.Page.GetByLabel("Token").FillAsync(Installation.Issuer.Token(Tenant, role));
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        return visit;
    }

    public async Task<string> RequestAsync(object body) => (await PostAsync("/v1/erasures", body)).GetProperty("id").GetString()!;

    public async Task<JsonElement> PostAsync(string path, object body)
    {
        using var answer = await Installation.Client(Installation.Erasure, Tenant, "privacy").PostAsJsonAsync(new Uri(path, UriKind.Relative), body, _patience.Token);
        var text = await answer.Content.ReadAsStringAsync(_patience.Token);
        answer.IsSuccessStatusCode.ShouldBeTrue(text);
        return JsonDocument.Parse(text).RootElement;
    }

    private async Task TellAsync()
    {
        var configured = new { name = "Paper archive", kind = "manual", assignee = "archive-team" };
        using (var answer = await Installation.Client(Installation.Erasure, Tenant, "operator").PutAsJsonAsync(new Uri("/v1/processors/archive", UriKind.Relative), configured, _patience.Token))
            answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(_patience.Token));

        var (running, completed) = (Acts.NewSubject(), Acts.NewSubject());
        Running = await RequestAsync(new { subject = running, reason = "consent-withdrawn" });
        Completed = await RequestAsync(new { subject = completed, reason = "objection" });
        var delayed = Acts.NewSubject();
        Delayed = await RequestAsync(new { subject = delayed, reason = "objection" });
        var first = await HoldAsync(delayed, "case-1");
        await MoveAsync(7);
        await LiftAsync(first);
        await EraseAsync(Running, $"{running}", "consent", Exchanges.ConsentEvents);
        await EraseAsync(Completed, $"{completed}", "consent", Exchanges.ConsentEvents);
        await EraseAsync(Completed, $"{completed}", "marketing-preference", Exchanges.MarketingEvents);
        await MoveAsync(8);
        await AnswerAsync(Completed, "archive", new { outcome = "kept", reason = "legal-obligation" });
        var second = await HoldAsync(delayed, "case-2");
        await PostAsync($"/v1/erasures/{Delayed}/extension", new { reason = "complexity", noticeSentAt = Installation.Clock.GetUtcNow(), noticeMethod = "email" });
        var held = Acts.NewSubject();
        await PostAsync($"/v1/subjects/{held}/holds", new { authority = "court-order", reference = "case-4711" });
        Held = await RequestAsync(new { subject = held, reason = "no-longer-needed" });
        await MoveAsync(10);
        await LiftAsync(second);
        await RequestAsync(new { subject = Acts.NewSubject(), type = "access" });
        await RequestAsync(new { subject = Acts.NewSubject(), reason = "termination" });
        await MoveAsync(2);
    }

    private async Task<string> HoldAsync(string subject, string reference) =>
        (await PostAsync($"/v1/subjects/{subject}/holds", new { authority = "court-order", reference })).GetProperty("holds")[0].GetProperty("hold").GetString()!;

    private Task LiftAsync(string hold) => PostAsync($"/v1/holds/{hold}/lifting", new { });

    /// <summary>Returns when the service has seen that time went on.</summary>
    private async Task MoveAsync(int days)
    {
        var before = await DaysLeftAsync();
        Installation.Clock.Move(TimeSpan.FromDays(days));
        await Acts.EventuallyAsync("the service's clock has moved", async () => await DaysLeftAsync() <= before - days, _patience.Token);
    }

    private async Task<int> DaysLeftAsync() => (await Installation.Client(Installation.Erasure, Tenant, "privacy").GetOkAsync("/v1/erasures", _patience.Token))
        .GetProperty("requests").EnumerateArray().Single(r => r.GetProperty("id").GetString() == Running).GetProperty("daysLeft").GetInt32();

    /// <summary>One of our own systems says on the bus that it has erased somebody.</summary>
    private async Task EraseAsync(string request, string subject, string system, string exchange)
    {
        var message = new CloudEvent
        {
            Id = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString(),
            Source = $"https://consentledger/{system}",
            Type = SubjectErasedV1.Type,
            Time = TimeProvider.System.GetUtcNow(),
            Subject = subject,
            Tenant = Tenant,
            Data = CloudEvent.DataFrom(new SubjectErasedV1(Guid.Parse(request))),
        };
        var channel = await Installation.Broker.OpenChannelAsync();
        await channel.BasicPublishAsync(exchange, message.Type, mandatory: true, new BasicProperties { Persistent = true, ContentType = CloudEvent.MediaType }, message.ToJson());
        await Acts.EventuallyAsync(
            $"{system} has answered",
            async () => (await Installation.Client(Installation.Erasure, Tenant, "privacy").GetOkAsync($"/v1/erasures/{request}", _patience.Token)).GetProperty("tasks").EnumerateArray()
                .Any(t => t.GetProperty("system").GetString() == system && t.TryGetProperty("outcome", out _)),
            _patience.Token);
    }

    private Task AnswerAsync(string request, string system, object outcome) => PostAsync($"/v1/erasures/{request}/tasks/{system}/outcome", outcome);
}

/// <summary>The privacy team at its desk, in a real browser and without a script.</summary>
public sealed class DeskTests(RunningDesk desk) : IClassFixture<RunningDesk>
{
    private static readonly string? Pictures = Environment.GetEnvironmentVariable("CONSENTLEDGER_PICTURES");

    [BrowserFact]
    public async Task The_board_shows_every_open_request_with_the_time_it_has_left()
    {
        await using var visit = await desk.SignInAsync(new() { JavaScriptEnabled = false });
        var board = visit.Page.Locator("main");
        await visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Requests" }).WaitForAsync();
        var row = visit.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = desk.Running });
        (await row.Locator(".left").InnerTextAsync()).ShouldMatch(@"^([2-4] days|1 day)$");
        (await board.InnerTextAsync()).ShouldContain("On legal hold");
        (await board.InnerTextAsync()).ShouldContain("due within a week");

        await visit.Page.GetByRole(AriaRole.Link, new() { Name = desk.Held }).ClickAsync();
        (await visit.Page.Locator("h1").InnerTextAsync()).ShouldContain("On legal hold");
    }

    [BrowserFact]
    public async Task A_task_done_by_hand_is_answered_and_a_reason_is_asked_for_where_one_is_needed()
    {
        var request = await desk.RequestAsync(new { subject = Acts.NewSubject() });
        await using var visit = await desk.SignInAsync(new() { JavaScriptEnabled = false });
        await visit.Page.GotoAsync($"/desk/requests/{request}");
        await visit.Page.GetByLabel("Outcome").SelectOptionAsync("kept");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Record the outcome of archive" }).ClickAsync();
        (await visit.Page.GetByRole(AriaRole.Alert).InnerTextAsync()).ShouldContain("reason_required");

        await visit.Page.GetByLabel("Outcome").SelectOptionAsync("kept");
        await visit.Page.GetByLabel("Reason").SelectOptionAsync("legal-claims");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Record the outcome of archive" }).ClickAsync();
        (await visit.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "archive" }).InnerTextAsync()).ShouldContain("legal claims");
        (await visit.Page.GetByRole(AriaRole.Alert).CountAsync()).ShouldBe(0);
    }

    [BrowserFact]
    public async Task What_a_system_said_otherwise_later_stands_beside_what_it_said_first()
    {
        var request = await desk.RequestAsync(new { subject = Acts.NewSubject() });
        await desk.PostAsync($"/v1/erasures/{request}/tasks/archive/outcome", new { outcome = "erased" });
        await desk.PostAsync($"/v1/erasures/{request}/tasks/archive/outcome", new { outcome = "kept", reason = "legal-claims" });
        await using var visit = await desk.SignInAsync(new() { JavaScriptEnabled = false });
        await visit.Page.GotoAsync($"/desk/requests/{request}");
        var said = await visit.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "archive" }).InnerTextAsync();
        said.ShouldMatch("erased(.|\n)*Later it said: kept, legal claims");
    }

    [BrowserFact]
    public async Task What_will_be_done_is_shown_before_it_is_and_can_be_refused_or_withdrawn_until_then()
    {
        await using var visit = await desk.SignInAsync();
        foreach (var (button, end) in new[] { ("Refuse the request", "refused"), ("Withdraw the request", "Withdrawn") })
        {
            var subject = Acts.NewSubject();
            await desk.PostAsync($"/v1/subjects/{subject}/holds", new { authority = "court-order", reference = "case-13" });
            var request = await desk.RequestAsync(new { subject });
            await visit.Page.GotoAsync($"/desk/requests/{request}");
            (await visit.Page.Locator("ol.plan li").AllInnerTextsAsync()).Select(s => s.Split(' ', '\n')[0]).ShouldBe(["consent", "marketing-preference", "archive"]);
            (await visit.Page.Locator("main").InnerTextAsync()).ShouldContain("no system was told yet");
            (await visit.FindBarriersAsync()).ShouldBeEmpty();
            await visit.Page.GetByRole(AriaRole.Button, new() { Name = button }).ClickAsync();
            (await visit.Page.Locator("main").InnerTextAsync()).ShouldContain(end);
            (await visit.Page.Locator("ol.plan").CountAsync()).ShouldBe(0);
        }
    }

    [BrowserFact]
    public async Task Whoever_tells_somebody_by_hand_sees_whom_it_is_about()
    {
        var request = await desk.RequestAsync(new { subject = Acts.NewSubject(), identities = new[] { new { type = "customer_number", value = "4711-0815" } } });
        await using var visit = await desk.SignInAsync();
        await visit.Page.GotoAsync($"/desk/requests/{request}");
        (await visit.Page.Locator("main").InnerTextAsync()).ShouldNotContain("4711-0815");
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Whom it is about" }).ClickAsync();
        (await visit.Page.Locator("dl").InnerTextAsync()).ShouldContain("4711-0815");
        (await visit.FindBarriersAsync()).ShouldBeEmpty();
    }

    [BrowserFact]
    public async Task A_hold_is_placed_and_lifted_and_a_deadline_is_extended_once()
    {
        var request = await desk.RequestAsync(new { subject = Acts.NewSubject() });
        await using var visit = await desk.SignInAsync(new() { JavaScriptEnabled = false });
        await visit.Page.GotoAsync($"/desk/requests/{request}");
        await visit.Page.GetByLabel("Case, in a word").FillAsync("Mr Smith's divorce");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Place the hold" }).ClickAsync();
        (await visit.Page.GetByRole(AriaRole.Alert).InnerTextAsync()).ShouldContain("word_invalid");
        await visit.Page.GetByLabel("Case, in a word").FillAsync("case-12");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Place the hold" }).ClickAsync();
        (await visit.Page.Locator("h1").InnerTextAsync()).ShouldContain("On legal hold");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Lift the hold case-12" }).ClickAsync();
        (await visit.Page.Locator("h1").InnerTextAsync()).ShouldContain("Running");

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Extend the deadline" }).ClickAsync();
        (await visit.Page.Locator("dl").InnerTextAsync()).ShouldContain("extended: complexity");
        (await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Extend the deadline" }).CountAsync()).ShouldBe(0);
    }

    [BrowserFact]
    public async Task The_picture_shows_what_held_a_request_up_and_how_its_time_was_extended()
    {
        await using var visit = await desk.SignInAsync(new() { JavaScriptEnabled = false });
        await visit.Page.GotoAsync($"/desk/requests/{desk.Delayed}");
        var picture = visit.Page.Locator(".picture svg");
        (await picture.Locator("rect.held title").AllTextContentsAsync()).Select(t => t[..18]).ShouldBe(["On legal hold from", "On legal hold from"]);
        (await picture.Locator(".rule text").AllTextContentsAsync()).ShouldBe(["now", "first due", "due"]);
        (await picture.Locator("path.mark title").AllTextContentsAsync()).ShouldContain(t => t.StartsWith("Extended ", StringComparison.Ordinal) && t.EndsWith(": complexity", StringComparison.Ordinal));

        // In words as well.
        var words = await visit.Page.Locator("dl").InnerTextAsync();
        words.ShouldContain("first due");
        words.Split('\n').Count(line => line.Contains(" to ", StringComparison.Ordinal)).ShouldBe(2);
    }

    [BrowserFact]
    public async Task A_completed_request_has_a_certificate_to_print()
    {
        await using var visit = await desk.SignInAsync();
        await visit.Page.GotoAsync($"/desk/requests/{desk.Completed}");
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Certificate" }).ClickAsync();
        (await visit.Page.Locator("h1").InnerTextAsync()).ShouldBe("Certificate of erasure");
        (await visit.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "archive" }).InnerTextAsync()).ShouldContain("legal obligation");
        (await visit.FindBarriersAsync()).ShouldBeEmpty();
        await visit.Page.EmulateMediaAsync(new() { Media = Media.Print });
        await TakeAsync(visit.Page, "certificate-print");
    }

    [BrowserFact]
    public async Task A_case_whose_person_was_not_found_is_looked_at_and_answered()
    {
        var id = "a7551968-d5d6-44b2-9831-815ac9017798";
        await desk.PostAsync("/v2/requests", new
        {
            subject_request_id = id,
            subject_request_type = "erasure",
            submitted_time = "2026-01-02T15:00:00Z",
            subject_identities = new[] { new { identity_type = "controller_customer_id", identity_value = "customer 4711", identity_format = "raw" } },
        });
        await using var visit = await desk.SignInAsync();
        await Acts.EventuallyAsync("the case is on the board", async () =>
        {
            await visit.Page.GotoAsync("/desk");
            return await visit.Page.GetByRole(AriaRole.Link, new() { Name = id }).CountAsync() == 1;
        }, CancellationToken.None);
        (await visit.FindBarriersAsync()).ShouldBeEmpty();
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = id }).ClickAsync();
        (await visit.Page.Locator("dl").InnerTextAsync()).ShouldContain("customer 4711");
        (await visit.FindBarriersAsync()).ShouldBeEmpty();
        await TakeAsync(visit.Page, "desk-case-light");

        await visit.Page.GetByLabel("Subject id").FillAsync("4711");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "This is the person" }).ClickAsync();
        (await visit.Page.GetByRole(AriaRole.Alert).InnerTextAsync()).ShouldContain("subject_id_invalid");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Nobody here is the one" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Requests" }).WaitForAsync();
        (await visit.Page.GetByRole(AriaRole.Link, new() { Name = id }).CountAsync()).ShouldBe(0);
    }

    [BrowserFact]
    public async Task Who_may_only_read_is_offered_nothing_and_another_site_can_send_nothing()
    {
        await using var visit = await desk.SignInAsync(role: "auditor");
        await visit.Page.GotoAsync($"/desk/requests/{desk.Running}");
        (await visit.Page.Locator("main form").CountAsync()).ShouldBe(0);

        await using var backend = await desk.SignInAsync(role: "backend");
        (await backend.Page.Locator("main").InnerTextAsync()).ShouldContain("erasure:read");

        using var http = new HttpClient { BaseAddress = desk.Url };
        http.DefaultRequestHeaders.Add("Cookie", $"consentledger-desk={desk.Installation.Issuer.Token(RunningDesk.Tenant, "privacy")}");
        http.DefaultRequestHeaders.Add("Origin", "https://elsewhere.example");
        using var forged = await http.PostAsync(new Uri($"/desk/requests/{desk.Running}/extension", UriKind.Relative), new FormUrlEncodedContent([new("reason", "complexity")]));
        forged.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [BrowserFact]
    public async Task A_form_that_is_none_does_nothing()
    {
        using var http = new HttpClient { BaseAddress = desk.Url };
        http.DefaultRequestHeaders.Add("Cookie", $"consentledger-desk={desk.Installation.Issuer.Token(RunningDesk.Tenant, "privacy")}");
        http.DefaultRequestHeaders.Add("Origin", desk.Url.GetLeftPart(UriPartial.Authority));
        foreach (var act in (string[])["extension", "refusal", "copy", "holds", "tasks/archive"])
        {
            using var form = new StringContent("reason=complexity", new System.Net.Http.Headers.MediaTypeHeaderValue("multipart/form-data"));
            using var answer = await http.PostAsync(new Uri($"/desk/requests/{desk.Running}/{act}", UriKind.Relative), form);
            answer.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity, act);
            (await answer.Content.ReadAsStringAsync()).ShouldContain("request_invalid", Case.Sensitive, act);
        }
    }

    [BrowserFact]
    public async Task No_page_has_a_barrier_and_each_has_its_portrait_taken()
    {
        foreach (var (name, scheme, width) in new[] { ("light", ColorScheme.Light, 1280), ("dark", ColorScheme.Dark, 1280), ("narrow", ColorScheme.Light, 360) })
        {
            await using var visit = await desk.SignInAsync(new() { ColorScheme = scheme, ViewportSize = new() { Width = width, Height = 1200 } });
            foreach (var (path, picture) in new[] { ("/desk", "desk"), ($"/desk/requests/{desk.Running}", "desk-request"), ($"/desk/requests/{desk.Completed}", "desk-completed"), ($"/desk/requests/{desk.Held}", "desk-held"), ($"/desk/requests/{desk.Delayed}", "desk-delayed"), ("/desk/sign-in", "desk-sign-in") })
            {
                await visit.Page.GotoAsync(path);
                (await visit.FindBarriersAsync()).ShouldBeEmpty($"{path} {name}");
                (await visit.Page.EvaluateAsync<int>("() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)")).ShouldBe(0, $"{path} {name}");
                await TakeAsync(visit.Page, $"{picture}-{name}", kept: picture is "desk" or "desk-request" && name != "narrow");
            }
        }
    }

    private static async Task TakeAsync(IPage page, string name, bool kept = false)
    {
        var picture = await page.ScreenshotAsync();
        picture.Length.ShouldBeGreaterThan(5_000);
        if (Pictures is null) return;
        var folder = Directory.CreateDirectory(Path.Combine(Servers.Checkout, kept ? Pictures : Path.Combine("tests", "Pages.Tests", "TestResults")));
        await File.WriteAllBytesAsync(Path.Combine(folder.FullName, $"{name}.png"), picture);
    }
}
