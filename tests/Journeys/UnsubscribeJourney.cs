using System.Net;
using System.Text;
using System.Text.Json;
using ConsentLedger.Support;

namespace ConsentLedger.Journeys;

/// <summary>
/// The story in the README, with foreign clients: a product backend publishes over RabbitMQ, the e-mail system asks before it sends and hears every
/// unsubscribe, the person uses the link in the mail, and the auditor reads one history.
/// </summary>
public sealed class UnsubscribeJourney(RunningProduct product) : IClassFixture<RunningProduct>, IDisposable
{
    private const string Tenant = "vms";
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(3));
    private Installation Here => product.Installation;

    private CancellationToken Ct => _patience.Token;

    public void Dispose() => _patience.Dispose();

    [Fact]
    public async Task A_grant_over_RabbitMQ_is_mailed_on_and_one_click_ends_it_everywhere_in_one_trace()
    {
        await using var emailSystem = await ListeningEmailSystemAsync();
        var (subject, other) = (Acts.NewSubject(), Acts.NewSubject());
        var answers = await NodeClient.PublishAsync(Here, Tenant, new[] { subject, other }.Select(s => Command(s, "newsletter")), Ct);
        answers.Select(a => a.GetProperty("outcome").GetString()).ShouldBe(["recorded", "recorded"]);

        // Right before it sends, the e-mail system asks, and gets the header of this one mail.
        var sending = Here.Client(Here.Preference, Tenant, "email");
        await PolicyHasArrivedAsync(sending);
        var decision = await SendDecisionAsync(sending, subject, "newsletter", "mail-4711");
        decision.GetProperty("allowed").GetBoolean().ShouldBeTrue(decision.ToString());
        decision.GetProperty("listUnsubscribePost").GetString().ShouldBe("List-Unsubscribe=One-Click");
        var link = new Uri(decision.GetProperty("listUnsubscribe").GetString()!.Trim('<', '>'));
        link.ToString().ShouldStartWith("https://preferences.example/u/");

        // A scanner follows the link; a person presses the button of the mail client.
        using var mailClient = new HttpClient { BaseAddress = Here.Preference.Url };
        (await mailClient.GetAsync(new Uri(link.AbsolutePath, UriKind.Relative), Ct)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await SendDecisionAsync(sending, subject, "newsletter")).GetProperty("allowed").GetBoolean().ShouldBeTrue();
        const string Trace = "0af7651916cd43dd8448eb211c80319c";
        (await OneClickAsync(mailClient, link, Trace)).ShouldBe(HttpStatusCode.OK);

        // From that answer on, nobody says yes.
        (await SendDecisionAsync(sending, subject, "newsletter")).GetProperty("allowed").GetBoolean().ShouldBeFalse();
        (await Here.Client(Here.Consent, Tenant, "backend").MayAsync(subject, "newsletter", Ct)).ShouldBeFalse();
        (await SendDecisionAsync(sending, other, "newsletter")).GetProperty("allowed").GetBoolean().ShouldBeTrue();
        (await SendDecisionAsync(sending, subject, "account-notices")).GetProperty("allowed").GetBoolean().ShouldBeTrue("transactional mail is not stopped by unsubscribing");
        var heard = await emailSystem.ReadUntilAsync(e => TypeOf(e) == "marketing.unsubscribed.v1" && SubjectOf(e) == subject, Ct);
        var unsubscribed = heard[^1];
        unsubscribed.GetProperty("data").GetProperty("cause").GetString().ShouldBe("one-click");
        unsubscribed.GetProperty("data").GetProperty("deliveryId").GetString().ShouldBe("mail-4711");
        unsubscribed.GetProperty("traceparent").GetString()!.Split('-')[1].ShouldBe(Trace);
        heard.Count(e => TypeOf(e) == "marketing.unsubscribed.v1").ShouldBe(1);

        // Exactly one withdrawal, whichever way it came, and it names what caused it.
        var auditor = Here.Client(Here.Consent, Tenant, "auditor");
        await Acts.EventuallyAsync("the queue from marketing is empty", async () => await Here.Broker.CountReadyAsync("consent.from-marketing") == 0, Ct);
        var history = await auditor.GetOkAsync($"/v1/subjects/{subject}/history", Ct);
        history.EnumerateArray().Count(e => TypeOf(e) == "consent.withdrawn.v1").ShouldBe(1);
        history.EnumerateArray().Count(e => TypeOf(e) == "consent.granted.v1").ShouldBe(1);

        // Mail clients repeat themselves.
        (await OneClickAsync(mailClient, link, Trace)).ShouldBe(HttpStatusCode.OK);
        (await SendDecisionAsync(sending, subject, "newsletter")).GetProperty("allowed").GetBoolean().ShouldBeFalse();
    }

    [Fact]
    public async Task A_withdrawal_in_the_consent_service_reaches_the_e_mail_system_as_an_unsubscribe()
    {
        await using var emailSystem = await ListeningEmailSystemAsync();
        var backend = Here.Client(Here.Consent, Tenant, "backend");
        var subject = Acts.NewSubject();
        await backend.PostOkAsync($"/v1/subjects/{subject}/grants", Acts.Grant("product-news"), Ct);
        await emailSystem.ReadUntilAsync(e => TypeOf(e) == "marketing.subscribed.v1" && SubjectOf(e) == subject, Ct);
        await backend.PostOkAsync($"/v1/subjects/{subject}/withdrawals", Acts.Withdrawal("product-news"), Ct);
        var heard = await emailSystem.ReadUntilAsync(e => TypeOf(e) == "marketing.unsubscribed.v1" && SubjectOf(e) == subject, Ct);
        heard[^1].GetProperty("data").GetProperty("cause").GetString().ShouldBe("consent-withdrawn");
        heard[^1].GetProperty("data").GetProperty("withdrawsConsent").GetBoolean().ShouldBeFalse();
    }

    [Fact]
    public async Task What_was_left_under_one_id_is_not_sent_to_another_until_they_turn_out_to_be_two()
    {
        // Their recommendations are marketing that rests on no consent: leaving them is nothing that consent hears of.
        const string Shop = "spectral-tms", Topic = "recommendations";
        var (sending, backend, guest, account) = (Here.Client(Here.Preference, Shop, "email"), Here.Client(Here.Consent, Shop, "backend"), Acts.NewSubject(), Acts.NewSubject());
        await PolicyHasArrivedAsync(sending);
        await backend.PostOkAsync($"/v1/subjects/{guest}/merges", Merge(account), Ct);
        var mailed = await SendDecisionAsync(sending, guest, Topic, "mail-4712");
        (await SendDecisionAsync(sending, account, Topic)).GetProperty("rule").GetString().ShouldBe("not_unsubscribed");
        using var mailClient = new HttpClient { BaseAddress = Here.Preference.Url };
        (await OneClickAsync(mailClient, new Uri(mailed.GetProperty("listUnsubscribe").GetString()!.Trim('<', '>')), "1af7651916cd43dd8448eb211c80319c")).ShouldBe(HttpStatusCode.OK);

        await Acts.EventuallyAsync("the merge is heard", async () => await RuleAsync() == "unsubscribed", Ct);
        await backend.PostOkAsync($"/v1/subjects/{guest}/unmerges", Merge(account), Ct);
        await Acts.EventuallyAsync("that they part is heard", async () => await RuleAsync() == "not_unsubscribed", Ct);
        (await SendDecisionAsync(sending, guest, Topic)).GetProperty("rule").GetString().ShouldBe("unsubscribed");

        async Task<string?> RuleAsync() => (await SendDecisionAsync(sending, account, Topic)).GetProperty("rule").GetString();
        static object Merge(string other) => new { other, occurredAt = TimeProvider.System.GetUtcNow(), actor = "agent", method = "desk" };
    }

    [Fact]
    public async Task An_erasure_reaches_both_services_and_leaves_facts_without_a_person()
    {
        const string Canary = "canary.erased@example.org";
        var backend = Here.Client(Here.Consent, Tenant, "backend");
        var subject = Acts.NewSubject();
        await using var everything = await Overhearing.EverythingAsync(Here.Broker, "consent.events", "marketing.events", "erasure.events", "consent.commands", "consent.replies");
        await backend.PostOkAsync($"/v1/subjects/{subject}/grants", Acts.Grant("newsletter", evidence: new { address = Canary }), Ct);
        var auditor = Here.Client(Here.Consent, Tenant, "auditor");
        (await auditor.GetOkAsync($"/v1/subjects/{subject}/history?disclose=true", Ct)).ToString().ShouldContain(Canary);

        var privacy = Here.Client(Here.Erasure, Tenant, "privacy");
        var accepted = await privacy.PostAsync("/v1/erasures", new { subject }, HttpStatusCode.Accepted, Ct);
        var id = accepted.GetProperty("id").GetString();
        await Acts.EventuallyAsync("the erasure is completed", async () =>
            (await privacy.GetOkAsync($"/v1/erasures/{id}", Ct)).GetProperty("state").GetString() == "completed", Ct);

        (await backend.MayAsync(subject, "newsletter", Ct)).ShouldBeFalse();
        (await auditor.GetOkAsync($"/v1/subjects/{subject}/history?disclose=true", Ct)).ToString().ShouldNotContain("canary");
        (await backend.PostAsync($"/v1/subjects/{subject}/grants", Acts.Grant("newsletter"), HttpStatusCode.UnprocessableEntity, Ct)).GetProperty("code").GetString().ShouldBe("subject_erased");
        var sending = Here.Client(Here.Preference, Tenant, "email");
        (await SendDecisionAsync(sending, subject, "newsletter")).GetProperty("allowed").GetBoolean().ShouldBeFalse();

        everything.Bodies.Count.ShouldBeGreaterThan(4);
        everything.Bodies.ShouldAllBe(body => !body.Contains("canary"));
        foreach (var log in Here.LogFiles.Where(File.Exists)) (await File.ReadAllTextAsync(log, Ct)).ShouldNotContain("canary");
    }

    [Fact]
    public async Task What_a_backend_gets_wrong_is_answered_and_the_next_command_is_not_held_up()
    {
        var subject = Acts.NewSubject();
        var answers = await NodeClient.PublishAsync(Here, Tenant,
        [
            Command(subject, "horoscopes"),
            new { type = "consent.grant.v1", subject, data = new { purpose = "newsletter" } },
            new { type = "consent.dance.v1", subject, data = new { } },
            new { type = "consent.grant.v1", subject = "maria", data = Acts.Grant("newsletter") },
            Command(subject, "newsletter"),
        ], Ct);
        answers.Select(a => a.GetProperty("outcome").GetString()).Count(o => o == "refused").ShouldBe(4);
        answers.Single(a => a.GetProperty("outcome").GetString() == "recorded").GetProperty("version").GetInt64().ShouldBe(1);
        answers.Where(a => a.TryGetProperty("code", out _)).Select(a => a.GetProperty("code").GetString()).Order()
            .ShouldBe(["body_invalid", "command_unknown", "purpose_undeclared", "subject_id_invalid"]);
    }

    private async Task<NodeClient> ListeningEmailSystemAsync()
    {
        var queue = $"email-system.{Acts.NewSubject()}";
        var emailSystem = NodeClient.Start(Here, Tenant, "email-system/consume.mjs", "--queue", queue);
        await Acts.EventuallyAsync("the e-mail system listens", () => Here.Broker.IsConsumedAsync(queue), Ct);
        return emailSystem;
    }

    private async Task PolicyHasArrivedAsync(HttpClient sending) =>
        await Acts.EventuallyAsync("the policy reached marketing-preference", async () =>
            (await SendDecisionAsync(sending, Acts.NewSubject(), "account-notices")).GetProperty("allowed").GetBoolean(), Ct);

    private async Task<JsonElement> SendDecisionAsync(HttpClient sending, string subject, string topic, string? deliveryId = null) =>
        await sending.PostOkAsync("/v1/send-decisions", new { subject, topic, channel = "email", deliveryId }, Ct);

    private async Task<HttpStatusCode> OneClickAsync(HttpClient mailClient, Uri link, string trace)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, link.AbsolutePath)
        {
            Content = new StringContent("List-Unsubscribe=One-Click", Encoding.ASCII, "application/x-www-form-urlencoded"),
            Headers = { { "traceparent", $"00-{trace}-b7ad6b7169203331-01" } },
        };
        using var answer = await mailClient.SendAsync(request, Ct);
        return answer.StatusCode;
    }

    private static object Command(string subject, string purpose) => new
    {
        type = "consent.grant.v1",
        subject,
        data = new { purpose, channel = "email", occurredAt = Acts.Ago(5), actor = "subject", method = "web-form" },
    };

    private static string? TypeOf(JsonElement e) => e.GetProperty("type").GetString();

    private static string? SubjectOf(JsonElement e) => e.GetProperty("subject").GetString();
}
