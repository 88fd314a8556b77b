using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Support;

namespace ConsentLedger.Journeys;

/// <summary>A controller whose policy begins to ask for a double opt-in: whatever way a yes comes in, nobody is written to before they have confirmed it.</summary>
public sealed class DoubleOptInJourney(RunningProduct product) : IClassFixture<RunningProduct>, IDisposable
{
    private const string Next = "2.0.0";
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(3));

    /// <summary>Each test begins under a policy that asks for nothing yet.</summary>
    private string Tenant { get; set; } = "vms";

    private Installation Here => product.Installation;

    private CancellationToken Ct => _patience.Token;

    private HttpClient Backend => Here.Client(Here.Consent, Tenant, "backend");

    private HttpClient EmailSystem => Here.Client(Here.Preference, Tenant, "email");

    public void Dispose() => _patience.Dispose();

    [Fact]
    public async Task No_door_says_yes_before_the_confirmation()
    {
        var before = Acts.NewSubject();
        await Backend.PostOkAsync($"/v1/subjects/{before}/grants", Acts.Grant("newsletter"), Ct);
        await AskTwiceAsync();
        (await DecisionAsync(before)).ShouldBe("consent_given", "given under the policy of then");

        // Over HTTP, with evidence, and as if it had been said before the policy asked for it.
        var direct = Acts.NewSubject();
        foreach (var grant in (object[])[Acts.Grant("newsletter", secondsAgo: 0, evidence: new { signedIn = true }), Acts.Grant("newsletter", secondsAgo: 86_400)])
            (await Backend.PostOkAsync($"/v1/subjects/{direct}/grants", grant, Ct)).GetProperty("note").GetString().ShouldBe("confirmation_needed");

        // Over RabbitMQ.
        var told = Acts.NewSubject();
        var data = new { purpose = "newsletter", channel = "email", occurredAt = Acts.Ago(0), actor = "subject", method = "web-form" };
        var answer = (await NodeClient.PublishAsync(Here, Tenant, [new { type = "consent.grant.v1", subject = told, data }], Ct)).ShouldHaveSingleItem();
        (answer.GetProperty("outcome").GetString(), answer.GetProperty("note").GetString()).ShouldBe(("recorded", "confirmation_needed"));

        // In an import, of the first step alone and of both.
        var (listed, confirmed) = (Acts.NewSubject(), Acts.NewSubject());
        var results = await ImportAsync(
            new { subject = listed, grant = First() }, new { subject = confirmed, grant = First() }, new { subject = confirmed, confirm = Step(secondsAgo: 3_000) }, new { subject = Acts.NewSubject(), confirm = Step(secondsAgo: 3_000) });
        results.Select(r => r.TryGetProperty("code", out var code) ? code.GetString() : null).ShouldBe(["confirmation_needed", "confirmation_needed", null, "nothing_to_confirm"]);

        foreach (var subject in (string[])[direct, told, listed])
        {
            (await DecisionAsync(subject)).ShouldBe("consent_pending");
            (await MaySendAsync(subject)).ShouldBe((false, "consent_pending"));
        }

        (await MaySendAsync(confirmed)).ShouldBe((true, "consent_given"));
        await ConfirmAsync(direct);
        (await MaySendAsync(direct)).ShouldBe((true, "consent_given"));
    }

    [Fact]
    public async Task On_their_page_people_are_asked_to_confirm_and_get_nothing_before_they_have()
    {
        Tenant = "quintus";
        await AskTwiceAsync();
        var person = Acts.NewSubject();
        var (path, next) = await TurnAsync(person, "on");
        next.ShouldBe($"{path}?said=confirm");
        var page = await ReadAsync(next);
        page.ShouldContain("It begins when you have used it");
        page.ShouldContain("Turn on “Newsletter” by e-mail");
        page.ShouldNotContain("You get “Newsletter”");
        (await MaySendAsync(person)).ShouldBe((false, "consent_pending"));
        (await StateAsync(person)).ShouldNotBe("subscribed", "the email system is not told either");
        await ConfirmAsync(person);
        (await MaySendAsync(person)).ShouldBe((true, "consent_given"));
        await Acts.EventuallyAsync("the topic is on", async () => await StateAsync(person) == "subscribed", Ct);

        // Taking back a no is a yes.
        (path, var left) = await TurnAsync(person, "off");
        await Acts.EventuallyAsync("the withdrawal has been heard", async () => (await DecisionAsync(person)) == "consent_withdrawn", Ct);
        (await SendAsync(path, await ReadAsync(left), form => form.Action.EndsWith("/undo", StringComparison.Ordinal))).ShouldBe($"{path}?said=confirm");
        (await MaySendAsync(person)).Allowed.ShouldBeFalse();
        (await DecisionAsync(person)).ShouldBe("consent_pending");
    }

    private async Task AskTwiceAsync()
    {
        var @operator = Here.Client(Here.Consent, Tenant, "operator");
        var pack = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Servers.Checkout, "deploy", "policies", $"{Tenant}.json"), Ct))!;
        pack["version"] = Next;
        pack["purposes"]!.AsArray().Single(p => (string?)p!["id"] == "newsletter")!["doubleOptIn"] = new JsonObject { ["channels"] = new JsonArray("email") };
        await @operator.PutOkAsync($"/v1/policies/{Next}", pack, Ct);
        await Acts.EventuallyAsync("the policy reached marketing-preference", async () => (await MaySendAsync(Acts.NewSubject())).Rule != "policy_missing", Ct);
    }

    private async Task<string> DecisionAsync(string subject)
    {
        var answer = await Backend.PostOkAsync("/v1/decisions", new { subject, purpose = "newsletter", channel = "email" }, Ct);
        answer.GetProperty("allowed").GetBoolean().ShouldBe(answer.GetProperty("code").GetString() == "consent_given");
        return answer.GetProperty("code").GetString()!;
    }

    private async Task<(bool Allowed, string Rule)> MaySendAsync(string subject, string topic = "newsletter")
    {
        var answer = await EmailSystem.PostOkAsync("/v1/send-decisions", new { subject, topic, channel = "email" }, Ct);
        return (answer.GetProperty("allowed").GetBoolean(), answer.GetProperty("rule").GetString()!);
    }

    private async Task<string?> StateAsync(string subject) =>
        (await EmailSystem.GetOkAsync($"/v1/subjects/{subject}/preferences", Ct)).GetProperty("preferences").EnumerateArray()
            .Where(p => p.GetProperty("topic").GetString() == "newsletter").Select(p => p.GetProperty("state").GetString()).SingleOrDefault();

    private static object First() => Step(secondsAgo: 3_600);

    private static object Step(double secondsAgo) => new { purpose = "newsletter", channel = "email", occurredAt = Acts.Ago(secondsAgo), actor = "subject", method = "import", source = "old-crm" };

    private async Task<IReadOnlyList<JsonElement>> ImportAsync(params object[] lines)
    {
        using var body = new StringContent(string.Join('\n', lines.Select(line => JsonSerializer.Serialize(line))), Encoding.UTF8, "application/x-ndjson");
        using var answer = await Here.Client(Here.Consent, Tenant, "operator").PostAsync(new Uri("/v1/imports", UriKind.Relative), body, Ct);
        return [.. (await answer.Content.ReadAsStringAsync(Ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    /// <summary>As the e-mail system and the person do it: a link goes out, and its button is pressed.</summary>
    private async Task ConfirmAsync(string subject)
    {
        var link = await EmailSystem.PostOkAsync($"/v1/subjects/{subject}/confirmation-links", new { purpose = "newsletter", channel = "email", lang = "en" }, Ct);
        var path = new Uri(link.GetProperty("url").GetString()!).AbsolutePath;
        await SendAsync(path, await ReadAsync(path), _ => true);
    }

    private async Task<(string Path, string Next)> TurnAsync(string subject, string want)
    {
        var link = await Here.Client(Here.Preference, Tenant, "backend").PostOkAsync($"/v1/subjects/{subject}/preference-links", new { purpose = "page", lang = "en" }, Ct);
        var path = new Uri(link.GetProperty("url").GetString()!).AbsolutePath;
        return (path, await SendAsync(path, await ReadAsync(path), form => form.Carries("topic", "newsletter") && form.Carries("want", want)));
    }

    private async Task<string> ReadAsync(string path)
    {
        using var browser = Browser();
        using var answer = await browser.GetAsync(new Uri(path, UriKind.Relative), Ct);
        return WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Ct));
    }

    /// <returns>The page that follows.</returns>
    private async Task<string> SendAsync(string path, string page, Func<PageForm, bool> which)
    {
        var form = PageForm.In(page).First(which);
        using var browser = Browser();
        using var body = new FormUrlEncodedContent(form.Fields);
        using var answer = await browser.PostAsync(new Uri(form.Action, UriKind.Relative), body, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.SeeOther, path);
        return answer.Headers.Location!.ToString();
    }

    private HttpClient Browser() => new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Here.Preference.Url };
}
