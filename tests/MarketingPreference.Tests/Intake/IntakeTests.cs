using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference.Tests.Addresses;
using static ConsentLedger.MarketingPreference.Tests.RunningService;

namespace ConsentLedger.MarketingPreference.Tests.Intake;

/// <summary>What a tenant's mail system brings back, signed.</summary>
[Collection(nameof(RunningService))]
public sealed class IntakeTests(RunningService service) : IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => service.Consent.IsAway ? service.ConsentIsBackAsync() : Task.CompletedTask;

    [Fact]
    public async Task A_complaint_ends_the_topic_and_marks_the_address()
    {
        var (subject, tag) = (NewSubject(), AddressCalls.NewTag());
        var token = await TokenAsync(subject, tag);
        (await OkAsync(await SendMailAsync(MailIntakeTests.Report(token)))).GetProperty("outcome").GetString().ShouldBe("recorded");
        (await service.StateAsync(subject, "module-crm")).ShouldBe("unsubscribed");
        (await service.AddressAsync(tag)).GetProperty("standing").GetString().ShouldBe("complained");
        (await RuleAsync(subject, "module-booking", tag)).ShouldBe("address_complained");
        (await RuleAsync(subject, "account-notices", tag)).ShouldBe("transactional");

        MarketingUnsubscribedV1? told = null;
        await EventuallyAsync("it is told", async () => (told = (await service.OverheardAsync(subject)).FirstOrDefault(e => e.Type == MarketingUnsubscribedV1.Type)?.DataAs<MarketingUnsubscribedV1>()) is not null);
        (told!.Cause, told.Actor, told.Method, told.DeliveryId).ShouldBe(("complaint", "subject", "feedback-report", "mail-1"));
        File.ReadAllText(service.LogFile).ShouldNotContain("anna@example.com");
    }

    [Fact]
    public async Task A_reply_that_says_stop_ends_its_topic_and_no_other()
    {
        var (subject, tag) = (NewSubject(), AddressCalls.NewTag());
        await OkAsync(await SendMailAsync(MailIntakeTests.Reply(await TokenAsync(subject, tag))));
        (await RuleAsync(subject, "module-crm", tag)).ShouldBe("unsubscribed");
        (await RuleAsync(subject, "module-booking", tag)).ShouldBe("not_unsubscribed");
    }

    [Fact]
    public async Task Mails_of_which_nothing_can_be_made_are_refused_by_name()
    {
        (await CodeAsync(await SendMailAsync(MailIntakeTests.Report(new string('A', 150))), HttpStatusCode.UnprocessableEntity)).ShouldBe("delivery_unknown");
        (await CodeAsync(await SendMailAsync("Subject: Hello\r\n\r\nHow are you?"), HttpStatusCode.UnprocessableEntity)).ShouldBe("message_not_understood");
    }

    [Fact]
    public async Task Bounces_are_counted_once_however_often_they_are_told()
    {
        var tag = AddressCalls.NewTag();
        var soft = Enumerable.Range(0, 5).Select(i => Event($"{tag[..20]}-{i}", "bounced", tag, new { bounce = "soft", code = "4.2.2" })).ToList();
        for (var again = 0; again < 2; again++)
            foreach (var e in soft) await OkAsync(await SendEventsAsync(e));
        (await service.AddressAsync(tag)).GetProperty("softBounces").GetInt32().ShouldBe(5);
        (await RuleAsync(NewSubject(), "module-crm", tag)).ShouldBe("address_soft_bounced");

        var outcomes = await OkAsync(await SendEventsAsync([Event($"{tag[..20]}-d", "delivered", tag), soft[0], Event($"{tag[..20]}-h", "bounced", tag, new { bounce = "hard", code = "5.1.1" })], many: true));
        outcomes.EnumerateArray().Select(o => o.GetProperty("outcome").GetString()).ShouldBe(["recorded", "recorded", "recorded"]);
        (await RuleAsync(NewSubject(), "account-notices", tag)).ShouldBe("address_hard_bounced");
    }

    [Fact]
    public async Task Events_name_persons_by_token_by_subject_or_not_at_all()
    {
        var (byToken, bySubject, tag) = (NewSubject(), NewSubject(), AddressCalls.NewTag());
        await OkAsync(await SendEventsAsync(Event(Id(), "complained", null, new { token = await TokenAsync(byToken, tag) })));
        (await service.AddressAsync(tag)).GetProperty("standing").GetString().ShouldBe("complained");
        (await RuleAsync(byToken, "module-crm")).ShouldBe("unsubscribed");
        await OkAsync(await SendEventsAsync(Event(Id(), "unsubscribed", null, new { subject = bySubject, channel = "email" })));
        (await RuleAsync(bySubject, "module-crm")).ShouldBe("unsubscribed");
        (await RuleAsync(bySubject, "newsletter")).ShouldBe("unsubscribed");

        foreach (var (e, code) in new[]
        {
            (Event(Id(), "unsubscribed", null), "delivery_unknown"), (Event(Id(), "bounced", null), "address_required"), (Event(Id(), "complained", null, new { token = "forged" }), "link_invalid"),
        })
            (await OkAsync(await SendEventsAsync(e))).GetProperty("code").GetString().ShouldBe(code);
    }

    [Fact]
    public async Task What_a_token_no_longer_says_the_rest_of_the_event_does()
    {
        var (subject, tag) = (NewSubject(), AddressCalls.NewTag());
        (await OkAsync(await SendEventsAsync(Event(Id(), "complained", tag, new { token = "of-another-time" })))).GetProperty("outcome").GetString().ShouldBe("recorded");
        (await service.AddressAsync(tag)).GetProperty("standing").GetString().ShouldBe("complained");
        (await OkAsync(await SendEventsAsync(Event(Id(), "complained", null, new { token = "of-another-time", subject, topic = "module-crm", channel = "email" })))).GetProperty("outcome").GetString().ShouldBe("recorded");
        (await RuleAsync(subject, "module-crm")).ShouldBe("unsubscribed");
        (await RuleAsync(subject, "module-booking")).ShouldBe("not_unsubscribed");
    }

    [Fact]
    public async Task A_no_of_which_nothing_comes_is_refused_and_can_be_told_again_rightly()
    {
        var (subject, id) = (NewSubject(), Id());
        var refused = await OkAsync(await SendEventsAsync(Event(id, "unsubscribed", null, new { subject, topic = "horoscopes" })));
        (refused.GetProperty("outcome").GetString(), refused.GetProperty("code").GetString()).ShouldBe(("refused", "topic_undeclared"));
        (await OkAsync(await SendEventsAsync(Event(id, "unsubscribed", null, new { subject, topic = "module-crm" })))).GetProperty("outcome").GetString().ShouldBe("recorded");
        (await RuleAsync(subject, "module-crm")).ShouldBe("unsubscribed");
    }

    [Fact]
    public async Task An_id_that_comes_again_with_something_else_is_refused_and_not_taken_for_done()
    {
        var (tag, id, subject) = (AddressCalls.NewTag(), Id(), NewSubject());
        var bounced = Event(id, "bounced", tag, new { bounce = "soft" });
        await OkAsync(await SendEventsAsync(bounced));
        foreach (var other in new[] { Event(id, "complained", tag), Event(id, "complained", tag, new { subject }), Event(id, "bounced", tag, new { bounce = "hard" }) })
        {
            var refused = await OkAsync(await SendEventsAsync(other));
            (refused.GetProperty("outcome").GetString(), refused.GetProperty("code").GetString()).ShouldBe(("refused", "idempotency_key_reused"));
        }

        (await OkAsync(await SendEventsAsync(bounced))).GetProperty("outcome").GetString().ShouldBe("recorded");
        (await service.AddressAsync(tag)).GetProperty("standing").GetString().ShouldBe("soft-bounced");
        (await RuleAsync(subject, "module-crm")).ShouldNotBe("unsubscribed");
    }

    [Fact]
    public async Task What_is_not_signed_freshly_by_the_tenants_own_key_is_not_taken()
    {
        var body = JsonSerializer.Serialize(Event(Id(), "bounced", AddressCalls.NewTag(), new { bounce = "hard" }));
        var now = TimeProvider.System.GetUtcNow();
        foreach (var send in new[]
        {
            SignedAsync(body, now, key: [.. Enumerable.Repeat((byte)7, 32)]), SignedAsync(body, now.AddMinutes(-6)), SignedAsync(body, now.AddMinutes(6)), SignedAsync(body, now, tenant: "elsewhere"),
            SignedAsync(body, now, sent: body.Replace("hard", "soft", StringComparison.Ordinal)), service.SendAsync(HttpMethod.Post, "/v1/intake/events", new StringContent(body, Encoding.UTF8, "application/json")),
        })
            (await CodeAsync(await send, HttpStatusCode.Unauthorized)).ShouldBe("signature_invalid");
        (await OkAsync(await SignedAsync(body, now.AddMinutes(-4)))).GetProperty("outcome").GetString().ShouldBe("recorded");
    }

    [Fact]
    public async Task The_body_of_who_cannot_have_signed_it_is_not_waited_for()
    {
        var now = TimeProvider.System.GetUtcNow();
        foreach (var (tenant, at) in new[] { (Packs.Tenant, now.AddMinutes(-6)), ("elsewhere", now) })
        {
            using var body = new UnwantedContent();
            using var answer = await service.SendAsync(HttpMethod.Post, "/v1/intake/events", body, headers:
                [("Expect", "100-continue"), ("X-Tenant", tenant), ("webhook-id", Id()), ("webhook-timestamp", $"{at.ToUnixTimeSeconds()}"), ("webhook-signature", "v1,b3RoZXI=")]);
            (answer.StatusCode, body.WasSent).ShouldBe((HttpStatusCode.Unauthorized, false));
        }
    }

    [Fact]
    public async Task Whoever_tells_an_agent_leaves_everything_by_name_or_by_the_address_they_wrote_from()
    {
        var (anna, bert, other, tag) = (NewSubject(), NewSubject(), NewSubject(), AddressCalls.NewTag());
        foreach (var subject in new[] { anna, bert }) await OkAsync(await service.LinkAddressAsync(subject, tag));
        var left = await OkAsync(await LeaveAsync($"addresses/{tag}"));
        (left.GetProperty("subjects").GetInt32(), left.GetProperty("left").GetInt32()).ShouldBe((2, 2));
        foreach (var topic in new[] { "newsletter", "module-crm", "module-booking" })
        {
            foreach (var subject in new[] { anna, bert }) (await RuleAsync(subject, topic)).ShouldBe("unsubscribed");
            (await RuleAsync(other, topic)).ShouldNotBe("unsubscribed");
        }

        (await OkAsync(await LeaveAsync($"subjects/{other}"))).GetProperty("outcome").GetString().ShouldBe("recorded");
        (await RuleAsync(other, "newsletter")).ShouldBe("unsubscribed");
        (await CodeAsync(await LeaveAsync($"addresses/{AddressCalls.NewTag()}"), HttpStatusCode.UnprocessableEntity)).ShouldBe("address_unlinked");
    }

    [Fact]
    public async Task While_consent_is_away_everybody_who_has_the_address_leaves_all_the_same()
    {
        var (anna, bert, tag) = (NewSubject(), NewSubject(), AddressCalls.NewTag());
        foreach (var subject in new[] { anna, bert }) await OkAsync(await service.LinkAddressAsync(subject, tag));
        service.Consent.IsAway = true;
        (await CodeAsync(await LeaveAsync($"addresses/{tag}"), HttpStatusCode.ServiceUnavailable)).ShouldBe("withdrawal_pending");
        foreach (var subject in new[] { anna, bert }) (await RuleAsync(subject, "module-crm")).ShouldBe("unsubscribed");
    }

    [Fact]
    public async Task While_consent_is_away_every_event_of_a_request_is_recorded_all_the_same()
    {
        var (anna, bert, tag) = (NewSubject(), NewSubject(), AddressCalls.NewTag());
        var events = new[] { anna, bert }.Select(subject => Event(Id(), "unsubscribed", null, new { subject, channel = "email" })).Append(Event(Id(), "bounced", tag, new { bounce = "hard" })).ToList();
        service.Consent.IsAway = true;
        (await CodeAsync(await SendEventsAsync(events, many: true), HttpStatusCode.ServiceUnavailable)).ShouldBe("withdrawal_pending");
        foreach (var subject in new[] { anna, bert }) (await RuleAsync(subject, "module-crm")).ShouldBe("unsubscribed");
        (await service.AddressAsync(tag)).GetProperty("standing").GetString().ShouldBe("hard-bounced");
    }

    private static string Id() => $"{People.NewId()}";

    private static Dictionary<string, object> Event(string id, string type, string? address, object? more = null)
    {
        var e = new Dictionary<string, object> { ["id"] = id, ["type"] = type, ["occurredAt"] = People.Noon };
        if (address is not null) e["address"] = address;
        foreach (var member in JsonSerializer.SerializeToElement(more ?? new { }).EnumerateObject()) e[member.Name] = member.Value;
        return e;
    }

    private Task<HttpResponseMessage> LeaveAsync(string who) =>
        service.SendAsync(HttpMethod.Post, $"/v1/{who}/unsubscribes", Json(new { occurredAt = People.Noon, actor = "agent", method = "phone" }), "backend");

    private async Task<string?> RuleAsync(string subject, string topic, string? address = null) => (await OkAsync(await service.SendAsync(
        HttpMethod.Post, "/v1/send-decisions", Json(new { subject, topic, channel = "email", address }), "email"))).GetProperty("rule").GetString();

    private async Task<string> TokenAsync(string subject, string address) => (await OkAsync(await service.SendAsync(
        HttpMethod.Post, "/v1/send-decisions", Json(new { subject, topic = "module-crm", channel = "email", address, deliveryId = "mail-1", headers = true }), "email")))
        .GetProperty("listUnsubscribe").GetString()!.Trim('<', '>').Split('/')[^1];

    private Task<HttpResponseMessage> SendEventsAsync(Dictionary<string, object> e) => SignedAsync(JsonSerializer.Serialize(e), TimeProvider.System.GetUtcNow());

    private Task<HttpResponseMessage> SendEventsAsync(IReadOnlyList<Dictionary<string, object>> events, bool many) =>
        SignedAsync(many ? JsonSerializer.Serialize(events) : JsonSerializer.Serialize(events[0]), TimeProvider.System.GetUtcNow());

    private Task<HttpResponseMessage> SendMailAsync(string mail) => SignedAsync(mail, TimeProvider.System.GetUtcNow(), path: "/v1/intake/messages", mediaType: "message/rfc822");

    private Task<HttpResponseMessage> SignedAsync(
        string body, DateTimeOffset at, byte[]? key = null, string tenant = Packs.Tenant, string? sent = null, string path = "/v1/intake/events", string mediaType = "application/json")
    {
        var id = Id();
        var signature = Convert.ToBase64String(HMACSHA256.HashData(key ?? IntakeKey, Encoding.UTF8.GetBytes($"{id}.{at.ToUnixTimeSeconds()}.{body}")));
        return service.SendAsync(HttpMethod.Post, path, new StringContent(sent ?? body, Encoding.UTF8, mediaType),
            headers: [("X-Tenant", tenant), ("webhook-id", id), ("webhook-timestamp", $"{at.ToUnixTimeSeconds()}"), ("webhook-signature", $"v1,b3RoZXI= v1,{signature}")]);
    }

    /// <summary>A body that is sent once the service asks for it.</summary>
    private sealed class UnwantedContent : HttpContent
    {
        /// <summary>A shorter one is sent all the same, so that the connection can be kept.</summary>
        private const int Length = 64 * 1024;

        public bool WasSent { get; private set; }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            WasSent = true;
            await stream.WriteAsync(new byte[Length]);
        }

        protected override bool TryComputeLength(out long length) => (length = Length) > 0;
    }
}
