using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference.Addresses;
using static ConsentLedger.MarketingPreference.Tests.RunningService;

namespace ConsentLedger.MarketingPreference.Tests.Addresses;

/// <summary>Addresses as the email system sees to them, over HTTP.</summary>
[Collection(nameof(RunningService))]
public sealed class AddressesTests(RunningService service) : IDisposable
{
    public void Dispose() => service.Consent.HistoryStatus = null;

    [Fact]
    public async Task A_tag_that_two_replicas_meet_at_once_has_one_stream()
    {
        await using var replica = await service.StartReplicaAsync();
        using var other = new HttpClient { BaseAddress = replica.Url };
        foreach (var tag in Enumerable.Range(0, 25).Select(_ => NewTag()))
        {
            var subjects = Enumerable.Range(0, 4).Select(_ => NewSubject()).ToList();
            var answers = await Task.WhenAll(subjects.Select((subject, i) => service.LinkAddressAsync(subject, tag, i % 2 == 0 ? null : other)));
            answers.ShouldAllBe(answer => answer.IsSuccessStatusCode);

            // Versions of one stream; of two, each would have begun at 1.
            var address = await service.AddressAsync(tag);
            address.GetProperty("version").GetInt64().ShouldBe(4);
            address.GetProperty("subjects").EnumerateArray().Select(s => s.GetString()).ShouldBe(subjects, ignoreOrder: true);
        }
    }

    [Fact]
    public async Task A_person_has_several_addresses_over_time_and_an_address_several_persons()
    {
        var (anna, bert, old, shared) = (NewSubject(), NewSubject(), NewTag(), NewTag());
        await OkAsync(await service.LinkAddressAsync(anna, old));
        await OkAsync(await service.LinkAddressAsync(anna, shared));
        await OkAsync(await service.LinkAddressAsync(bert, shared));
        (await TagsOfAsync(anna)).ShouldBe([old, shared], ignoreOrder: true);

        await OkAsync(await service.SendAsync(HttpMethod.Delete, $"/v1/subjects/{anna}/addresses/{old}", role: "email"));
        (await TagsOfAsync(anna)).ShouldBe([shared]);
        (await OkAsync(await service.LinkAddressAsync(anna, shared))).GetProperty("outcome").GetString().ShouldBe("unchanged");
        (await service.AddressAsync(shared)).GetProperty("subjects").GetArrayLength().ShouldBe(2);

        var seenByBert = (await OkAsync(await service.SendAsync(HttpMethod.Get, $"/v1/subjects/{bert}/addresses", role: "email"))).EnumerateArray().ShouldHaveSingleItem();
        seenByBert.GetProperty("subjects").EnumerateArray().Select(s => s.GetString()).ShouldBe([bert]);
    }

    [Fact]
    public async Task A_suppression_outlives_its_person_and_only_a_release_with_actor_and_reason_lifts_it()
    {
        var (anna, tag) = (NewSubject(), NewTag());
        await OkAsync(await service.LinkAddressAsync(anna, tag));
        await OkAsync(await service.SuppressAsync(tag));
        await service.EraseAsync(anna);
        var address = await service.AddressAsync(tag);
        (address.GetProperty("standing").GetString(), address.GetProperty("subjects").GetArrayLength()).ShouldBe(("suppressed", 0));
        (await SuppressedAsync()).ShouldContain(tag);

        await OkAsync(await service.LinkAddressAsync(NewSubject(), tag));
        (await service.AddressAsync(tag)).GetProperty("standing").GetString().ShouldBe("suppressed");
        (await CodeAsync(await service.SendAsync(HttpMethod.Post, $"/v1/addresses/{tag}/releases", Json(new { occurredAt = People.Noon, actor = "agent" }), "email"), HttpStatusCode.BadRequest)).ShouldBe("body_invalid");
        (await CodeAsync(await service.ReleaseAsync(tag, actor: "system"), HttpStatusCode.UnprocessableEntity)).ShouldBe("release_needs_person");
        (await SuppressedAsync()).ShouldContain(tag);
        await OkAsync(await service.ReleaseAsync(tag));
        (await service.AddressAsync(tag)).GetProperty("standing").GetString().ShouldBe("released");
        (await SuppressedAsync()).ShouldNotContain(tag);
    }

    [Fact]
    public async Task Of_an_erased_person_who_had_left_something_the_address_stays_suppressed()
    {
        var (anna, tag) = (NewSubject(), NewTag());
        await OkAsync(await service.LinkAddressAsync(anna, tag));
        await service.ChooseAsync(anna, "module-crm", subscribed: false);
        await service.EraseAsync(anna);
        var address = await service.AddressAsync(tag);
        (address.GetProperty("standing").GetString(), address.GetProperty("cause").GetString()).ShouldBe(("suppressed", "erased"));
        (await CodeAsync(await service.LinkAddressAsync(anna, tag), HttpStatusCode.UnprocessableEntity)).ShouldBe("subject_erased");
    }

    [Fact]
    public async Task A_no_that_consent_recorded_and_the_bus_has_not_brought_stays_of_who_is_erased()
    {
        var (anna, tag) = (NewSubject(), NewTag());
        await WithdrawnUnheardAsync(anna, tag);
        await service.EraseAsync(anna);
        var address = await service.AddressAsync(tag);
        (address.GetProperty("standing").GetString(), address.GetProperty("cause").GetString()).ShouldBe(("suppressed", "erased"));
    }

    [Fact]
    public async Task Nobody_is_erased_before_consent_has_said_what_they_said_to_it()
    {
        var (anna, tag) = (NewSubject(), NewTag());
        await WithdrawnUnheardAsync(anna, tag);
        service.Consent.HistoryStatus = 503;
        var erasing = service.EraseAsync(anna);
        await EventuallyAsync("consent is asked again and again", () => Task.FromResult(service.Consent.Requests.Count(r => r.Path == $"/v1/subjects/{anna}/history") > 1));
        (await service.PreferencesAsync(anna)).GetProperty("erased").GetBoolean().ShouldBeFalse();
        service.Consent.HistoryStatus = null;
        await erasing;
        (await service.AddressAsync(tag)).GetProperty("standing").GetString().ShouldBe("suppressed");
    }

    [Fact]
    public async Task Of_two_who_shared_an_address_the_no_of_the_one_holds_when_the_other_is_gone_and_beats_a_list()
    {
        var (anna, bert, tag) = (NewSubject(), NewSubject(), NewTag());
        foreach (var subject in (string[])[anna, bert]) await OkAsync(await service.LinkAddressAsync(subject, tag));
        (await OneClickAsync(anna, tag)).EnsureSuccessStatusCode();
        await service.EraseAsync(anna);
        (await service.DecideAsync(bert, "module-crm", address: tag)).GetProperty("rule").GetString().ShouldBe("not_unsubscribed");
        await service.EraseAsync(bert);
        (await service.AddressAsync(tag)).GetProperty("cause").GetString().ShouldBe("erased");

        // Who comes by a list under a new id, and is one of them.
        var again = NewSubject();
        (await service.ChooseAsync(again, "module-crm", subscribed: true)).EnsureSuccessStatusCode();
        await OkAsync(await service.LinkAddressAsync(again, tag));
        (await service.DecideAsync(again, "module-crm", address: tag)).GetProperty("rule").GetString().ShouldBe("address_suppressed");
        (await service.DecideAsync(again, "account-notices", address: tag)).GetProperty("rule").GetString().ShouldBe("transactional");
    }

    [Fact]
    public async Task Once_a_person_is_erased_nothing_leads_from_the_tag_of_their_address_to_what_they_said()
    {
        var (anna, tag) = (NewSubject(), NewTag());
        await OkAsync(await service.LinkAddressAsync(anna, tag));
        await service.ChooseAsync(anna, "module-crm", subscribed: false);
        await service.EraseAsync(anna);

        (await service.CountAsync($"select count(*) from mt_events e join addresses a on e.stream_id = a.stream_id::text where a.tag = decode('{tag}', 'hex')")).ShouldBe(3L, "linked, unlinked, suppressed");

        (await service.CountAsync($"select count(*) from mt_events e join addresses a on e.stream_id = a.stream_id::text where a.tag = decode('{tag}', 'hex') and e.headers::jsonb ? 'traceparent'"))
            .ShouldBe(0L, "the trace of the erasure is on what happened to the person");
        (await service.CountAsync($"select count(*) from mt_events where stream_id = '{anna}' and headers::jsonb ? 'traceparent'")).ShouldBeGreaterThan(0L);

        // What the events of the one say that the events of the other say too, or a row that knows both.
        (await service.CountAsync($"""
            with of_tag as (select e.* from mt_events e join addresses a on e.stream_id = a.stream_id::text where a.tag = decode('{tag}', 'hex')),
                 of_anna as (select * from mt_events where stream_id = '{anna}'),
                 words as (select v.value #>> array[]::text[] as word from of_tag, jsonb_path_query(data::jsonb, 'strict $.**') as v(value) where jsonb_typeof(v.value) = 'string')
            select (select count(*) from words where length(word) > 16 and word not like '20%' and exists (select from of_anna where data::text like '%' || word || '%'))
                 + (select count(*) from of_tag where data::text like '%{anna}%') + (select count(*) from of_anna where data::text like '%{tag}%')
                 + (select count(*) from address_links where subject_id = '{anna}')
            """)).ShouldBe(0L);
    }

    [Fact]
    public async Task Of_whom_is_erased_no_row_is_begun()
    {
        var (anna, tag) = (NewSubject(), NewTag());
        await service.EraseAsync(anna);
        (await CodeAsync(await service.LinkAddressAsync(anna, tag), HttpStatusCode.UnprocessableEntity)).ShouldBe("subject_erased");
        (await service.CountAsync($"select (select count(*) from addresses where tag = decode('{tag}', 'hex')) + (select count(*) from address_links where subject_id = '{anna}')")).ShouldBe(0L);
    }

    [Fact]
    public void No_event_names_an_address_and_what_leads_to_a_person() => MarketingCatalog.Events.Events.Values
        .Where(facts => facts.GetProperties().Any(p => p.PropertyType == typeof(AddressTag)))
        .SelectMany(facts => facts.GetProperties().Where(p => p.Name is "Subject" or "DeliveryId" or "RecipientRef"), (facts, p) => $"{facts.Name}.{p.Name}").ShouldBeEmpty();

    [Fact]
    public async Task An_address_instead_of_its_tag_is_refused_and_not_repeated()
    {
        using var answer = await service.SendAsync(HttpMethod.Get, "/v1/addresses/anna@example.com", role: "email");
        var text = await answer.Content.ReadAsStringAsync();
        (answer.StatusCode, text.Contains("address_tag_invalid", StringComparison.Ordinal), text.Contains("anna", StringComparison.Ordinal)).ShouldBe((HttpStatusCode.BadRequest, true, false));
    }

    [Fact]
    public async Task Another_tenant_knows_nothing_of_it()
    {
        var tag = NewTag();
        await OkAsync(await service.SuppressAsync(tag));
        (await OkAsync(await service.SendAsync(HttpMethod.Get, $"/v1/addresses/{tag}", role: "email", tenant: "elsewhere"))).GetProperty("standing").GetString().ShouldBe("deliverable");
    }

    private static string NewTag() => AddressCalls.NewTag();

    /// <summary>Somebody who agreed, of which word has come here, and withdrew, of which none has.</summary>
    private async Task WithdrawnUnheardAsync(string subject, string tag)
    {
        var granted = new ConsentGrantedV1("newsletter", "controller", "1", "consent", People.Noon, "subject", "web-form", InForce: true, Channel: "email");
        await service.ConsentSaysAsync(subject, 1, ConsentGrantedV1.Type, granted);
        await EventuallyAsync("the consent is heard", async () => await service.StateAsync(subject, "newsletter") == "subscribed");
        await OkAsync(await service.LinkAddressAsync(subject, tag));
        service.Consent.Remember(
            subject, (ConsentGrantedV1.Type, granted), (ConsentWithdrawnV1.Type, new ConsentWithdrawnV1("newsletter", "controller", "1", People.Noon.AddMinutes(1), "subject", "web-form", Channel: "email")));
    }

    /// <summary>By the link of a mail that went to this address.</summary>
    private async Task<HttpResponseMessage> OneClickAsync(string subject, string tag) => await service.OneClickAsync(
        new Uri((await service.DecideAsync(subject, "module-crm", headers: true, address: tag)).GetProperty("listUnsubscribe").GetString()!.Trim('<', '>')).AbsolutePath);

    private async Task<IReadOnlyList<string?>> TagsOfAsync(string subject) =>
        [.. (await OkAsync(await service.SendAsync(HttpMethod.Get, $"/v1/subjects/{subject}/addresses", role: "email"))).EnumerateArray().Select(a => a.GetProperty("tag").GetString())];

    private async Task<IReadOnlyList<string?>> SuppressedAsync()
    {
        using var answer = await service.SendAsync(HttpMethod.Get, "/v1/suppressions", role: "email");
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/x-ndjson");
        var lines = (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        lines[^1].GetProperty("listed").GetInt32().ShouldBe(lines.Count - 1);
        return [.. lines.SkipLast(1).Select(line => line.GetProperty("tag").GetString())];
    }
}

/// <summary>What the email system does about addresses.</summary>
internal static class AddressCalls
{
    /// <summary>As the email system makes it, under a key of its own.</summary>
    public static string NewTag() => Convert.ToHexStringLower(HMACSHA256.HashData("the email system's"u8, Encoding.UTF8.GetBytes($"email|{People.NewId()}@example.com")));

    public static Task<HttpResponseMessage> LinkAddressAsync(this RunningService service, string subject, string tag, HttpClient? replica = null) =>
        service.SendAsync(HttpMethod.Put, $"/v1/subjects/{subject}/addresses/{tag}", Json(new { occurredAt = People.Noon, actor = "subject", method = "web-form" }), "email", through: replica);

    public static Task<HttpResponseMessage> SuppressAsync(this RunningService service, string tag, bool everything = false, string tenant = Packs.Tenant) =>
        service.SendAsync(HttpMethod.Post, $"/v1/addresses/{tag}/suppressions", Json(new { occurredAt = People.Noon, actor = "agent", method = "phone", everything }), "email", tenant);

    public static Task<HttpResponseMessage> ReleaseAsync(this RunningService service, string tag, string actor = "agent") =>
        service.SendAsync(HttpMethod.Post, $"/v1/addresses/{tag}/releases", Json(new { occurredAt = People.Noon, actor, reason = "mailbox-repaired" }), "email");

    public static async Task<JsonElement> AddressAsync(this RunningService service, string tag) => await OkAsync(await service.SendAsync(HttpMethod.Get, $"/v1/addresses/{tag}", role: "email"));

    /// <summary>As the orchestrator asks for it.</summary>
    public static async Task EraseAsync(this RunningService service, string subject)
    {
        await service.SendAsync(Exchanges.ErasureEvents, new CloudEvent
        {
            Id = People.NewId().ToString(),
            Source = "https://consentledger/erasure-orchestrator",
            Type = ErasureTaskDispatchedV1.Type,
            Subject = subject,
            Tenant = Packs.Tenant,
            Data = CloudEvent.DataFrom(new ErasureTaskDispatchedV1(People.NewId(), "marketing-preference")),
        });
        await EventuallyAsync("the person is erased", async () => (await service.PreferencesAsync(subject)).GetProperty("erased").GetBoolean());
        await EventuallyAsync("no address is theirs", async () => (await OkAsync(await service.SendAsync(HttpMethod.Get, $"/v1/subjects/{subject}/addresses", role: "email"))).GetArrayLength() == 0);
    }
}
