using System.Net;
using System.Text.Json;
using ConsentLedger.Contracts;
using static ConsentLedger.MarketingPreference.Tests.RunningService;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>How an unsubscribe and the consent behind it keep step, whichever moved first and whatever is away.</summary>
[Collection(nameof(RunningService))]
public sealed class TwoServicesTests(RunningService service) : IDisposable
{
    public void Dispose() => (service.Consent.IsAway, service.Consent.HistoryStatus) = (false, null);

    [Fact]
    public async Task One_click_withdraws_the_consent_before_it_is_answered_and_names_the_event()
    {
        var subject = NewSubject();
        service.Consent.Give(subject, "newsletter");
        (await service.OneClickAsync(await service.LinkAsync(subject, "newsletter", "mail-1"))).StatusCode.ShouldBe(HttpStatusCode.OK);

        var withdrawal = service.Consent.Withdrawals(subject).ShouldHaveSingleItem();
        var unsubscribed = (await HeardAsync(subject, 1)).ShouldHaveSingleItem();
        unsubscribed.DataAs<MarketingUnsubscribedV1>().WithdrawsConsent.ShouldBeTrue();
        withdrawal.Headers["Idempotency-Key"].ShouldBe($"marketing:{unsubscribed.Id}");
        withdrawal.Headers["X-Tenant"].ShouldBe(Packs.Tenant);
        withdrawal.Headers["Authorization"].ShouldStartWith("Bearer token-");
        using var body = JsonDocument.Parse(withdrawal.Body);
        body.RootElement.EnumerateObject().Where(p => p.Name != "occurredAt").Select(p => $"{p.Name}={p.Value}")
            .ShouldBe(["purpose=newsletter", "channel=email", "actor=subject", "method=unsubscribe-link", "source=marketing-preference"]);
    }

    [Fact]
    public async Task While_consent_is_away_the_person_hears_that_it_is_pending_and_a_repeat_settles_it_once()
    {
        var subject = NewSubject();
        service.Consent.Give(subject, "newsletter");
        var path = await service.LinkAsync(subject, "newsletter");
        service.Consent.IsAway = true;
        using var pending = await service.OneClickAsync(path);
        pending.Headers.RetryAfter!.Delta!.Value.ShouldBeGreaterThan(TimeSpan.Zero);
        (await CodeAsync(pending, HttpStatusCode.ServiceUnavailable)).ShouldBe("withdrawal_pending");
        (await service.DecideAsync(subject, "newsletter")).GetProperty("rule").GetString().ShouldBe("unsubscribed");
        (await service.SendAsync(HttpMethod.Post, path, Form("confirm=unsubscribe"), headers: [("Accept", "text/html")])).Content.Headers.ContentType!.MediaType.ShouldBe("text/html");

        service.Consent.IsAway = false;
        await EventuallyAsync("a repeat is answered", async () => (await service.OneClickAsync(path)).StatusCode == HttpStatusCode.OK);
        var withdrawals = service.Consent.WithdrawalCalls(subject).ToList();
        withdrawals.Select(w => w.Headers["Idempotency-Key"]).Distinct().ShouldHaveSingleItem();
        withdrawals.Select(w => w.Body).Distinct().ShouldHaveSingleItem();
        (await HeardAsync(subject, 1)).Count(e => e.Type == MarketingUnsubscribedV1.Type).ShouldBe(1);
    }

    [Fact]
    public async Task Once_the_withdrawal_was_heard_a_repeat_is_told_again_and_does_not_succeed_while_consent_is_away()
    {
        var subject = NewSubject();
        var path = await GrantedAsync(subject);
        (await service.OneClickAsync(path)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await service.ConsentSaysAsync(subject, 2, ConsentWithdrawnV1.Type, Withdrawal("newsletter"));
        await HeardAsync(subject, 4);
        service.Consent.IsAway = true;
        (await CodeAsync(await service.OneClickAsync(path), HttpStatusCode.ServiceUnavailable)).ShouldBe("withdrawal_pending");

        // And while it is there, it is told again: it may have heard a new yes that has not come here yet.
        service.Consent.IsAway = false;
        await EventuallyAsync("consent is told of the repeat", async () =>
        {
            await service.OneClickAsync(path);
            return !service.Consent.Withdrawals(subject)[^1].Headers.ContainsKey("Idempotency-Key");
        });
    }

    [Fact]
    public async Task A_no_after_an_objection_is_told_as_well_because_a_consent_may_have_come_in_between()
    {
        var subject = NewSubject();
        var path = await GrantedAsync(subject);
        await service.ConsentSaysAsync(subject, 2, ObjectionRaisedV1.Type, new ObjectionRaisedV1("marketing", "1", TimeProvider.System.GetUtcNow(), "subject", "web-form"));
        await EventuallyAsync("it is closed", async () => await service.StateAsync(subject, "newsletter") == "unsubscribed");
        service.Consent.IsAway = true;
        (await CodeAsync(await service.OneClickAsync(path), HttpStatusCode.ServiceUnavailable)).ShouldBe("withdrawal_pending");
        service.Consent.IsAway = false;
        await EventuallyAsync("a repeat is answered", async () => (await service.OneClickAsync(path)).StatusCode == HttpStatusCode.OK);
        service.Consent.Withdrawals(subject).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_withdrawal_closes_the_topic_for_the_email_system_and_does_not_come_back_as_another()
    {
        var subject = NewSubject();
        await GrantedAsync(subject);
        await service.ConsentSaysAsync(subject, 2, ConsentWithdrawnV1.Type, Withdrawal("newsletter"));
        var heard = await HeardAsync(subject, 4);
        heard.Select(e => (e.Type, e.StreamVersion)).ShouldBe(
        [
            (MarketingConsentFollowedV1.Type, 1L), (MarketingSubscribedV1.Type, 2L), (MarketingConsentFollowedV1.Type, 3L), (MarketingUnsubscribedV1.Type, 4L),
        ]);
        var closed = heard[^1].DataAs<MarketingUnsubscribedV1>();
        (closed.Cause, closed.WithdrawsConsent).ShouldBe(("consent-withdrawn", false));
        service.Consent.Withdrawals(subject).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_new_consent_opens_again_what_ended_with_the_old_one()
    {
        var subject = NewSubject();
        (await service.OneClickAsync(await GrantedAsync(subject))).StatusCode.ShouldBe(HttpStatusCode.OK);
        await service.ConsentSaysAsync(subject, 2, ConsentWithdrawnV1.Type, Withdrawal("newsletter"));
        await service.ConsentSaysAsync(subject, 3, ConsentGrantedV1.Type, Grant("newsletter"));
        await EventuallyAsync("it is open", async () => await service.StateAsync(subject, "newsletter") == "subscribed");
        await EventuallyAsync("the email system hears that it is open again", async () => (await service.OverheardAsync(subject)).Any(e => e.Type == MarketingResubscribedV1.Type));
    }

    [Fact]
    public async Task What_is_delivered_twice_or_out_of_date_is_followed_once()
    {
        var subject = NewSubject();
        await GrantedAsync(subject);
        await service.ConsentSaysAsync(subject, 1, ConsentGrantedV1.Type, Grant("newsletter"));
        await service.ConsentSaysAsync(subject, 2, ConsentWithdrawnV1.Type, Withdrawal("newsletter"));
        await service.ConsentSaysAsync(subject, 2, ConsentWithdrawnV1.Type, Withdrawal("newsletter"));
        await service.ConsentSaysAsync(subject, 3, HistoryReadV1.Type, new HistoryReadV1("auditor", false));
        (await HeardAsync(subject, 5)).Select(e => e.StreamVersion).ShouldBe([1L, 2L, 3L, 4L, 5L]);
    }

    [Fact]
    public async Task A_gap_is_filled_from_the_history_in_order()
    {
        var subject = NewSubject();
        await GrantedAsync(subject);
        service.Consent.Remember(
            subject, (ConsentGrantedV1.Type, Grant("newsletter")), (ConsentWithdrawnV1.Type, Withdrawal("newsletter")), (ConsentGrantedV1.Type, Grant("product-news")),
            (HistoryReadV1.Type, new { reader = "us", disclosed = false }));
        await service.ConsentSaysAsync(subject, 3, ConsentGrantedV1.Type, Grant("product-news"));
        var heard = await HeardAsync(subject, 7);
        heard.Where(e => e.Type == MarketingConsentFollowedV1.Type).Select(e => e.DataAs<MarketingConsentFollowedV1>().ConsentVersion).ShouldBe([1L, 2L, 3L, 4L]);
        heard.Select(e => e.Type).Where(t => t != MarketingConsentFollowedV1.Type).ShouldBe([MarketingSubscribedV1.Type, MarketingUnsubscribedV1.Type, MarketingSubscribedV1.Type]);

        service.Consent.Requests.Single(r => r.Path == $"/v1/subjects/{subject}/history").Headers["Idempotency-Key"].ShouldBe($"marketing:{ConsentStandIn.IdOf(subject, 3)}");

        // The reading of the history is an event, too, and comes over the bus: known already, it asks for nothing more.
        var asked = service.Consent.Requests.Count(r => r.Path.EndsWith("/history", StringComparison.Ordinal));
        await service.ConsentSaysAsync(subject, 4, HistoryReadV1.Type, new HistoryReadV1("us", false));
        await service.ConsentSaysAsync(subject, 5, ConsentWithdrawnV1.Type, Withdrawal("product-news"));
        await HeardAsync(subject, 9);
        service.Consent.Requests.Count(r => r.Path.EndsWith("/history", StringComparison.Ordinal)).ShouldBe(asked);
    }

    /// <summary>Whatever consent records is a version of the person's stream: what is not bound here would be asked for.</summary>
    [Fact]
    public async Task Everything_that_consent_tells_of_a_person_is_heard_and_nothing_has_to_be_asked_for()
    {
        var subject = NewSubject();
        var now = TimeProvider.System.GetUtcNow();
        var parked = await service.ParkedAsync("marketing.from-consent");
        (string Type, object Message)[] said =
        [
            (ConsentAskedV1.Type, new ConsentAskedV1("newsletter", "controller", "1", now, "system", "web-form", "email")),
            (ConsentPendingV1.Type, new ConsentPendingV1("newsletter", "controller", "1", now, "subject", "web-form", now.AddDays(7), "email")),
            (ConsentConfirmedV1.Type, new ConsentConfirmedV1("newsletter", "controller", "1", "consent", now, "subject", "mail-link", 2, "email")),
            (ConsentRenewalDueV1.Type, new ConsentRenewalDueV1("newsletter", "controller", 3, now, "email")),
            (ConsentExpiredV1.Type, new ConsentExpiredV1("newsletter", "controller", 3, "email")),
            (ConsentGrantedV1.Type, Grant("newsletter")),
            (RecordCorrectedV1.Type, new RecordCorrectedV1(6, false, "typing-error", now, "agent", "phone")),
            (ConsentRefusedV1.Type, new ConsentRefusedV1("newsletter", "controller", "1", now, "subject", "web-form", "email")),
            (ConsentGrantedV1.Type, Grant("product-news")),
            (SubjectMergedV1.Type, new SubjectMergedV1(People.NewId(), now, "agent", "support")),
            (SubjectUnmergedV1.Type, new SubjectUnmergedV1(People.NewId(), now, "agent", "support")),
            (BirthMonthStatedV1.Type, new BirthMonthStatedV1(now, now, now, "subject", "web-form")),
            (SubjectCameOfAgeV1.Type, new SubjectCameOfAgeV1(now)),
            (TermsAnsweredV1.Type, new TermsAnsweredV1("1", true, now, "subject", "web-form")),
            (ObjectionRaisedV1.Type, new ObjectionRaisedV1("profiling", "1", now, "subject", "web-form")),
            (ObjectionDecidedV1.Type, new ObjectionDecidedV1(15, false, "retracted", now, "subject", "web-form")),
            (ObjectionOverdueV1.Type, new ObjectionOverdueV1(15, now)),
            (ProcessingRestrictedV1.Type, new ProcessingRestrictedV1("needed-for-claims", [], now, "subject", "web-form")),
            (RestrictionLiftedV1.Type, new RestrictionLiftedV1(18, now, now, "agent", "support")),
            (SignalReceivedV1.Type, new SignalReceivedV1("gpc", false, "1", now, "subject", "browser")),
            (DataDisclosedV1.Type, new DataDisclosedV1("safety", "legal-disclosure", "authorities", ["contact"], "1", now, "agent", "support")),
            (UseExceptedV1.Type, new UseExceptedV1("fraud-check", "fraud-prevention", "1", now, "agent", "support")),
            (HistoryReadV1.Type, new HistoryReadV1("auditor", false)),
            (ObjectionRaisedV1.Type, new ObjectionRaisedV1("marketing", "1", now, "subject", "web-form")),
        ];
        foreach (var (e, i) in said.Select((e, i) => (e, i))) await service.ConsentSaysAsync(subject, i + 1, e.Type, e.Message);

        var heard = await HeardAsync(subject, said.Length + 6);
        heard.Where(e => e.Type == MarketingConsentFollowedV1.Type).Select(e => e.DataAs<MarketingConsentFollowedV1>().ConsentVersion).ShouldBe(Enumerable.Range(1, said.Length).Select(v => (long)v));
        heard.Where(e => e.Type is MarketingSubscribedV1.Type or MarketingResubscribedV1.Type or MarketingUnsubscribedV1.Type).Select(e => (e.DataAs<Change>().Topic, e.DataAs<Change>().Cause)).ShouldBe(
        [
            ("newsletter", "consent-granted"), ("newsletter", "consent-expired"), ("newsletter", "consent-granted"), ("newsletter", "consent-withdrawn"),
            ("product-news", "consent-granted"), ("product-news", "objected"),
        ]);
        service.Consent.Requests.ShouldNotContain(r => r.Path == $"/v1/subjects/{subject}/history");
        (await service.ParkedAsync("marketing.from-consent")).ShouldBe(parked);

        // What was missed is the same in the history, which tells facts.
        var late = NewSubject();
        service.Consent.Remember(late, said);
        await service.ConsentSaysAsync(late, said.Length, said[^1].Type, said[^1].Message);
        Told(await HeardAsync(late, said.Length + 6)).ShouldBe(Told(heard));

        static IEnumerable<string> Told(IEnumerable<CloudEvent> events) => events.Where(e => e.Type != MarketingConsentFollowedV1.Type).Select(e => $"{e.Type} {e.DataAs<Change>()}");
    }

    [Fact]
    public async Task A_gap_waits_for_the_consent_service_to_come_back()
    {
        var subject = NewSubject();
        service.Consent.Remember(subject, (ConsentGrantedV1.Type, Grant("newsletter")), (ConsentWithdrawnV1.Type, Withdrawal("newsletter")));
        var parked = await service.ParkedAsync("marketing.from-consent");
        service.Consent.IsAway = true;
        await service.ConsentSaysAsync(subject, 2, ConsentWithdrawnV1.Type, Withdrawal("newsletter"));
        await EventuallyAsync("it is asked", () => Task.FromResult(service.Consent.Requests.Any(r => r.Path == $"/v1/subjects/{subject}/history")));
        service.Consent.IsAway = false;
        await HeardAsync(subject, 4);
        (await service.ParkedAsync("marketing.from-consent")).ShouldBe(parked);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(200)]
    public async Task A_gap_that_the_consent_service_will_never_fill_is_parked(int status)
    {
        var subject = NewSubject();
        service.Consent.HistoryStatus = status;
        var parked = await service.ParkedAsync("marketing.from-consent");
        await service.ConsentSaysAsync(subject, 2, ConsentWithdrawnV1.Type, Withdrawal("newsletter"));
        await EventuallyAsync("it is parked", async () => await service.ParkedAsync("marketing.from-consent") == parked + 1);
    }

    [Fact]
    public async Task A_gap_waits_for_the_right_to_ask()
    {
        var subject = NewSubject();
        service.Consent.Remember(subject, (ConsentGrantedV1.Type, Grant("newsletter")), (ConsentWithdrawnV1.Type, Withdrawal("newsletter")));
        var parked = await service.ParkedAsync("marketing.from-consent");
        service.Consent.HistoryStatus = 401;
        await service.ConsentSaysAsync(subject, 2, ConsentWithdrawnV1.Type, Withdrawal("newsletter"));
        await EventuallyAsync("it is asked more often than a message is tried", () => Task.FromResult(service.Consent.Requests.Count(r => r.Path == $"/v1/subjects/{subject}/history") > 7));
        service.Consent.HistoryStatus = null;
        await HeardAsync(subject, 4);
        (await service.ParkedAsync("marketing.from-consent")).ShouldBe(parked);
    }

    [Fact]
    public async Task A_history_that_is_not_answered_keeps_nobody_from_asking_whether_to_send()
    {
        var subjects = Enumerable.Range(0, 8).Select(_ => NewSubject()).ToList();
        var sendingTo = NewSubject();
        service.Consent.Give(sendingTo, "newsletter");
        service.Consent.HistoryStatus = 503;
        foreach (var subject in subjects)
        {
            service.Consent.Remember(subject, (ConsentGrantedV1.Type, Grant("newsletter")), (ConsentWithdrawnV1.Type, Withdrawal("newsletter")));
            await service.ConsentSaysAsync(subject, 2, ConsentWithdrawnV1.Type, Withdrawal("newsletter"));
        }

        await EventuallyAsync("each is asked for several times", () => Task.FromResult(
            subjects.All(subject => service.Consent.Requests.Count(r => r.Path == $"/v1/subjects/{subject}/history") >= 6)));
        (await service.DecideAsync(sendingTo, "newsletter")).GetProperty("rule").GetString().ShouldBe("consent_given");

        service.Consent.HistoryStatus = null;
        foreach (var subject in subjects) await HeardAsync(subject, 4);
    }

    [Fact]
    public async Task The_trace_of_a_click_goes_on_to_the_consent_service_and_to_the_bus()
    {
        const string Trace = "af7651916cd43dd8448eb211c80319c0";
        var subject = NewSubject();
        service.Consent.Give(subject, "newsletter");
        await service.OneClickAsync(await service.LinkAsync(subject, "newsletter"), ("traceparent", $"00-{Trace}-b7ad6b7169203331-01"));
        service.Consent.Withdrawals(subject).ShouldHaveSingleItem().Headers["traceparent"].ShouldContain(Trace);
        (await HeardAsync(subject, 1))[0].TraceParent.ShouldNotBeNull().ShouldContain(Trace);
    }

    [Fact]
    public async Task What_was_recorded_outlives_a_kill_and_is_published()
    {
        var subject = NewSubject();
        service.Consent.Give(subject, "newsletter");
        var path = await service.LinkAsync(subject, "newsletter");
        (await service.OneClickAsync(path)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await service.RestartAsync();
        (await HeardAsync(subject, 1)).DistinctBy(e => e.StreamVersion).ShouldHaveSingleItem();
        (await service.DecideAsync(subject, "newsletter")).GetProperty("rule").GetString().ShouldBe("unsubscribed");
        (await service.OneClickAsync(path)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private async Task<string> GrantedAsync(string subject)
    {
        service.Consent.Give(subject, "newsletter");
        await service.ConsentSaysAsync(subject, 1, ConsentGrantedV1.Type, Grant("newsletter"));
        await HeardAsync(subject, 2);
        return await service.LinkAsync(subject, "newsletter");
    }

    private async Task<IReadOnlyList<CloudEvent>> HeardAsync(string subject, int atLeast)
    {
        IReadOnlyList<CloudEvent> heard = [];
        await EventuallyAsync($"{atLeast} events are published", async () => (heard = await service.OverheardAsync(subject)).Count >= atLeast);
        return heard;
    }

    private static ConsentGrantedV1 Grant(string purpose) =>
        new(purpose, "controller", "1", "consent", TimeProvider.System.GetUtcNow(), "subject", "web-form", InForce: true, Channel: "email");

    private static ConsentWithdrawnV1 Withdrawal(string purpose) => new(purpose, "controller", "1", TimeProvider.System.GetUtcNow(), "subject", "web-form", Channel: "email");

    private sealed record Change(string Topic, string Cause);
}
