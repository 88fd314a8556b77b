using System.Net;
using System.Text.Json;
using ConsentLedger.Contracts;
using static ConsentLedger.MarketingPreference.Tests.RunningService;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>What a product backend and an auditor do with a person's preferences, and what is left of them after an erasure.</summary>
[Collection(nameof(RunningService))]
public sealed class PreferencesTests(RunningService service)
{
    [Fact]
    public async Task Every_topic_is_listed_with_what_the_person_chose()
    {
        var subject = NewSubject();
        (await OkAsync(await service.ChooseAsync(subject, "module-crm", subscribed: false))).GetProperty("outcome").GetString().ShouldBe("recorded");
        (await OkAsync(await service.ChooseAsync(subject, "module-crm", subscribed: false))).GetProperty("outcome").GetString().ShouldBe("unchanged");
        (await OkAsync(await service.ChooseAsync(subject, "module-booking", subscribed: true))).GetProperty("outcome").GetString().ShouldBe("recorded");

        var answer = await service.PreferencesAsync(subject);
        answer.GetProperty("preferences").GetArrayLength().ShouldBe(Packs.Northwind.Topics.Sum(t => t.Channels.Count));
        (await service.StateAsync(subject, "module-crm")).ShouldBe("unsubscribed");
        (await service.StateAsync(subject, "module-booking")).ShouldBe("subscribed");
        (await service.StateAsync(subject, "contests", "phone")).ShouldBe("never-asked");
    }

    [Fact]
    public async Task Reading_someones_preferences_is_itself_an_event()
    {
        var subject = NewSubject();
        await service.PreferencesAsync(subject);
        await service.ChooseAsync(subject, "module-crm", subscribed: false);
        (await service.PreferencesAsync(subject)).GetProperty("version").GetInt64().ShouldBe(2);
        await EventuallyAsync("it is told", async () => (await service.OverheardAsync(subject)).Any(e => e.Type == PreferencesReadV1.Type && e.DataAs<PreferencesReadV1>().Reader == "northwind-email"));
    }

    [Fact]
    public async Task Refusals_say_why()
    {
        var subject = NewSubject();
        async Task<string?> ChooseAsync(string topic, string channel) => await CodeAsync(await service.ChooseAsync(subject, topic, true, channel), HttpStatusCode.UnprocessableEntity);
        (await ChooseAsync("horoscopes", "email")).ShouldBe("topic_undeclared");
        (await ChooseAsync("newsletter", "phone")).ShouldBe("channel_undeclared");
        (await ChooseAsync("newsletter", "email")).ShouldBe("consent_needed");
        (await CodeAsync(await service.ChooseAsync("maria@example.org", "newsletter", false), HttpStatusCode.BadRequest)).ShouldBe("subject_id_invalid");
        (await CodeAsync(await service.SendAsync(HttpMethod.Get, $"/v1/subjects/{subject}/preferences", role: "backend"), HttpStatusCode.Forbidden)).ShouldBe("scope_missing");
        (await ChooseAsync(new string('x', 10_000), "email")).ShouldBe("topic_undeclared");
    }

    [Fact]
    public async Task The_same_key_counts_once()
    {
        var subject = NewSubject();
        var body = JsonSerializer.Serialize(new { subscribed = false, occurredAt = TimeProvider.System.GetUtcNow(), actor = "agent", method = "phone" });
        Task<HttpResponseMessage> PutAsync(string text) => service.SendAsync(
            HttpMethod.Put, $"/v1/subjects/{subject}/preferences/module-crm/email", new StringContent(text, System.Text.Encoding.UTF8, "application/json"), "backend",
            headers: [("Idempotency-Key", $"key of {subject}")]);
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ => (await OkAsync(await PutAsync(body))).ToString()));
        answers.Distinct().ShouldHaveSingleItem();
        (await CodeAsync(await PutAsync(body.Replace("phone", "letter")), HttpStatusCode.Conflict)).ShouldBe("idempotency_key_reused");
    }

    [Fact]
    public async Task Leaving_by_preference_withdraws_the_consent_as_well()
    {
        var subject = NewSubject();
        (await OkAsync(await service.ChooseAsync(subject, "newsletter", subscribed: false, actor: "agent"))).GetProperty("outcome").GetString().ShouldBe("recorded");
        JsonDocument.Parse(service.Consent.Withdrawals(subject).ShouldHaveSingleItem().Body).RootElement.GetProperty("actor").GetString().ShouldBe("agent");

        service.Consent.IsAway = true;
        try
        {
            (await CodeAsync(await service.ChooseAsync(NewSubject(), "newsletter", subscribed: false), HttpStatusCode.ServiceUnavailable)).ShouldBe("withdrawal_pending");
            (await OkAsync(await service.ChooseAsync(NewSubject(), "contests", subscribed: false))).GetProperty("outcome").GetString().ShouldBe("recorded");
        }
        finally
        {
            service.Consent.IsAway = false;
        }
    }

    [Fact]
    public async Task An_erased_person_is_forgotten_and_nothing_comes_back()
    {
        var subject = NewSubject();
        var path = await service.LinkAsync(subject);
        await service.ChooseAsync(subject, "module-crm", subscribed: true);
        var request = People.NewId();
        var task = new CloudEvent
        {
            Id = People.NewId().ToString(),
            Source = "https://consentledger/erasure-orchestrator",
            Type = ErasureTaskDispatchedV1.Type,
            Subject = subject,
            Tenant = Packs.Tenant,
            StreamVersion = 2,
            Data = CloudEvent.DataFrom(new ErasureTaskDispatchedV1(request, "marketing-preference")),
        };
        await service.SendAsync(Exchanges.ErasureEvents, task with { Data = CloudEvent.DataFrom(new ErasureTaskDispatchedV1(request, "consent")) });
        await service.SendAsync(Exchanges.ErasureEvents, task);
        await service.SendAsync(Exchanges.ErasureEvents, task);
        await EventuallyAsync("it is answered", async () => (await service.OverheardAsync(subject)).Any(e => e.Type == SubjectErasedV1.Type && e.DataAs<SubjectErasedV1>().Request == request));

        (await service.OneClickAsync(path)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await service.DecideAsync(subject, "account-notices")).GetProperty("rule").GetString().ShouldBe("subject_erased");
        (await CodeAsync(await service.ChooseAsync(subject, "module-crm", true), HttpStatusCode.UnprocessableEntity)).ShouldBe("subject_erased");
        await service.ConsentSaysAsync(subject, 1, ConsentGrantedV1.Type, new ConsentGrantedV1("newsletter", "controller", "1", "consent", People.Noon, "subject", "web-form", true, "email"));
        await service.SendAsync(Exchanges.ErasureEvents, task with { Id = People.NewId().ToString(), Data = CloudEvent.DataFrom(new ErasureTaskDispatchedV1(People.NewId(), "marketing-preference")) });
        await EventuallyAsync("the second request is answered", async () => (await service.OverheardAsync(subject)).Count(e => e.Type == SubjectErasedV1.Type) == 2);

        var answer = await service.PreferencesAsync(subject);
        (answer.GetProperty("erased").GetBoolean(), answer.GetProperty("preferences").GetArrayLength(), answer.GetProperty("version").GetInt64()).ShouldBe((true, 0, 4L));
    }

    [Fact]
    public async Task A_pack_that_breaks_the_rules_is_kept_aside_and_the_last_good_one_stays()
    {
        var broken = Packs.NorthwindJson();
        broken["version"] = "broken";
        broken["topics"]!.AsArray()[0]!["purpose"] = "no-such-purpose";
        var parked = await service.ParkedAsync("marketing.from-consent");
        await service.PublishPolicyAsync(broken, version: 2);
        await EventuallyAsync("it is parked", async () => await service.ParkedAsync("marketing.from-consent") == parked + 1);
        (await service.DecideAsync(NewSubject(), "account-notices")).GetProperty("policyVersion").GetString().ShouldBe(Packs.Northwind.Version);
    }
}
