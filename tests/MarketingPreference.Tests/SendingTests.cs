using System.Net;
using System.Text.Json;
using static ConsentLedger.MarketingPreference.Tests.RunningService;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>What an email system asks and hears right before it sends.</summary>
[Collection(nameof(RunningService))]
public sealed class SendingTests(RunningService service) : IDisposable
{
    public void Dispose() => (service.Consent.IsAway, service.Consent.Hangs, service.Consent.HangsFor) = (false, false, 0);

    [Fact]
    public async Task Marketing_that_was_consented_to_is_sent_with_the_headers_of_this_delivery()
    {
        var subject = NewSubject();
        service.Consent.Give(subject, "newsletter");
        var answer = await service.DecideAsync(subject, "newsletter", "mail-1", "rcpt-1");
        (answer.GetProperty("allowed").GetBoolean(), answer.GetProperty("rule").GetString()).ShouldBe((true, "consent_given"));
        answer.GetProperty("consent").GetProperty("position").GetInt64().ShouldBe(7);
        answer.GetProperty("policyVersion").GetString().ShouldBe(Packs.Northwind.Version);
        Guid.Parse(answer.GetProperty("decisionId").GetString()!).Version.ShouldBe(7);
        answer.GetProperty("listUnsubscribe").GetString()!.ShouldMatch(@"^<https://preferences\.example/u/[A-Za-z0-9_-]+>$");
        answer.GetProperty("listUnsubscribePost").GetString().ShouldBe("List-Unsubscribe=One-Click");
    }

    [Fact]
    public async Task An_array_is_answered_in_order_with_one_question_to_the_consent_service_in_the_same_trace()
    {
        const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        var (yes, no, away) = (NewSubject(), NewSubject(), NewSubject());
        service.Consent.Give(yes, "newsletter");
        await service.OneClickAsync(await service.LinkAsync(away));
        var questions = new[] { (no, "newsletter"), (away, "module-crm"), (yes, "newsletter"), (no, "account-notices"), (no, "horoscopes") }
            .Select(q => new { subject = q.Item1, topic = q.Item2, channel = "email" });
        var before = service.Consent.Requests.Count;
        var answers = await OkAsync(await service.SendAsync(HttpMethod.Post, "/v1/send-decisions", Json(questions), "email", headers: [("traceparent", $"00-{Trace}-00f067aa0ba902b7-01")]));

        answers.EnumerateArray().Select(a => a.GetProperty("rule").GetString()).ShouldBe(["consent_unknown", "unsubscribed", "consent_given", "transactional", "topic_undeclared"]);
        answers.EnumerateArray().Where(a => a.TryGetProperty("listUnsubscribe", out _)).ShouldHaveSingleItem();
        var asked = service.Consent.Requests.Skip(before).DistinctBy(call => call.Body).ShouldHaveSingleItem();
        asked.Headers["traceparent"].ShouldContain(Trace);
        asked.Headers["X-Tenant"].ShouldBe(Packs.Tenant);
        JsonDocument.Parse(asked.Body).RootElement.GetArrayLength().ShouldBe(3);
    }

    [Fact]
    public async Task Transactional_mail_passes_every_unsubscribe_and_never_bears_a_link()
    {
        var subject = NewSubject();
        await service.ChooseAsync(subject, "account-notices", subscribed: false);
        var answer = await service.DecideAsync(subject, "account-notices", headers: true);
        (answer.GetProperty("allowed").GetBoolean(), answer.GetProperty("rule").GetString()).ShouldBe((true, "transactional"));
        answer.TryGetProperty("listUnsubscribe", out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Without_an_answer_about_consent_nothing_that_rests_on_it_is_sent(bool hangs)
    {
        var subject = NewSubject();
        service.Consent.Give(subject, "newsletter");
        (service.Consent.Hangs, service.Consent.IsAway) = (hangs, !hangs);
        var answer = await service.DecideAsync(subject, "newsletter");
        (answer.GetProperty("allowed").GetBoolean(), answer.GetProperty("rule").GetString()).ShouldBe((false, "consent_unavailable"));
        (await service.DecideAsync(subject, "module-crm")).GetProperty("allowed").GetBoolean().ShouldBeTrue();

        (service.Consent.Hangs, service.Consent.IsAway) = (false, false);
        await EventuallyAsync("it is asked again", async () => (await service.DecideAsync(subject, "newsletter")).GetProperty("allowed").GetBoolean());
    }

    [Fact]
    public async Task What_the_consent_service_stops_is_not_sent_whatever_it_rests_on()
    {
        var subject = NewSubject();
        (await service.DecideAsync(subject, "module-crm")).GetProperty("rule").GetString().ShouldBe("not_unsubscribed");
        service.Consent.Stop(subject, "processing_restricted");
        var answer = await service.DecideAsync(subject, "module-crm");
        (answer.GetProperty("allowed").GetBoolean(), answer.GetProperty("rule").GetString()).ShouldBe((false, "processing_restricted"));
    }

    [Fact]
    public async Task A_consent_service_that_is_busy_for_a_moment_is_asked_again()
    {
        var subject = NewSubject();
        service.Consent.Give(subject, "newsletter");
        (var before, service.Consent.BusyFor) = (service.Consent.Requests.Count, 2);
        (await service.DecideAsync(subject, "newsletter")).GetProperty("allowed").GetBoolean().ShouldBeTrue();
        service.Consent.Requests.Count.ShouldBe(before + 3);
    }

    [Fact]
    public async Task One_that_hangs_leaves_time_to_ask_another()
    {
        var subject = NewSubject();
        service.Consent.Give(subject, "newsletter");
        service.Consent.HangsFor = 2;
        (await service.DecideAsync(subject, "newsletter")).GetProperty("allowed").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public async Task A_renewed_service_token_is_used_at_once()
    {
        service.RenewServiceToken("renewed-just-now");
        await service.DecideAsync(NewSubject(), "newsletter");
        service.Consent.Requests.Last().Headers["Authorization"].ShouldBe("Bearer token-renewed-just-now");
    }

    [Fact]
    public async Task A_tenant_whose_policy_has_not_arrived_sends_nothing() =>
        (await service.DecideAsync(NewSubject(), "newsletter", tenant: "unheard-of")).GetProperty("rule").GetString().ShouldBe("policy_missing");

    [Fact]
    public async Task Only_a_sender_may_ask()
    {
        var body = new { subject = NewSubject(), topic = "newsletter", channel = "email" };
        (await CodeAsync(await service.SendAsync(HttpMethod.Post, "/v1/send-decisions", Json(body)), HttpStatusCode.Unauthorized)).ShouldBe("token_missing");
        (await CodeAsync(await service.SendAsync(HttpMethod.Post, "/v1/send-decisions", Json(body), "backend"), HttpStatusCode.Forbidden)).ShouldBe("scope_missing");
        (await CodeAsync(await service.SendAsync(HttpMethod.Post, "/v1/send-decisions", Json(new { body.subject, body.topic, body.channel, mailbox = "x" }), "email"), HttpStatusCode.BadRequest))
            .ShouldBe("body_unknown_member");
        (await CodeAsync(await service.SendAsync(HttpMethod.Post, "/v1/send-decisions", Json(Enumerable.Repeat(body, 10_001)), "email"), HttpStatusCode.UnprocessableEntity)).ShouldBe("too_many_questions");
    }
}
