using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.Sending;
using ConsentLedger.MarketingPreference.Tests.Addresses;
using Npgsql;
using static ConsentLedger.MarketingPreference.Tests.RunningService;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>How often, and when, as the policy says.</summary>
[Collection(nameof(RunningService))]
public sealed class CapsTests(RunningService service)
{
    private const string Tenant = "capped";

    [Fact]
    public async Task No_more_is_allowed_than_the_cap_whoever_asks_at_once_and_wherever()
    {
        await PublishAsync();
        await using var replica = await service.StartReplicaAsync();
        using var other = new HttpClient { BaseAddress = replica.Url };
        var subjects = Enumerable.Range(0, 5).Select(_ => NewSubject()).ToList();
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => AskAsync(i % 2 == 0 ? null : other, [.. (i % 3 == 0 ? subjects : Enumerable.Reverse(subjects)).Select(s => Question(s))])));
        foreach (var subject in subjects)
        {
            var mine = answers.SelectMany((a, i) => a.Where((_, n) => (i % 3 == 0 ? subjects[n] : subjects[^(n + 1)]) == subject)).ToList();
            mine.Count(a => a.GetProperty("allowed").GetBoolean()).ShouldBe(2);
            var capped = mine.First(a => !a.GetProperty("allowed").GetBoolean());
            capped.GetProperty("rule").GetString().ShouldBe("frequency_capped");
            capped.GetProperty("notBefore").GetDateTimeOffset().ShouldBeGreaterThan(TimeProvider.System.GetUtcNow());
        }
    }

    [Fact]
    public async Task One_request_that_asks_about_somebody_thrice_counts_each_and_the_same_delivery_once()
    {
        await PublishAsync();
        var (thrice, again) = (NewSubject(), NewSubject());
        (await AskAsync(null, Question(thrice), Question(thrice), Question(thrice))).Count(a => a.GetProperty("allowed").GetBoolean()).ShouldBe(2);
        for (var i = 0; i < 4; i++) (await AskAsync(null, Question(again, delivery: "mail-1"))).Single().GetProperty("allowed").GetBoolean().ShouldBeTrue();
        (await AskAsync(null, Question(again, delivery: "mail-2"))).Single().GetProperty("allowed").GetBoolean().ShouldBeTrue();
        (await AskAsync(null, Question(again, delivery: "mail-3"))).Single().GetProperty("allowed").GetBoolean().ShouldBeFalse();
    }

    [Fact]
    public async Task What_is_refused_for_another_reason_takes_no_place_and_other_topics_are_not_counted()
    {
        await PublishAsync();
        var subject = NewSubject();
        service.Consent.Stop(subject, "processing_restricted");
        for (var i = 0; i < 3; i++) (await AskAsync(null, Question(subject))).Single().GetProperty("rule").GetString().ShouldBe("processing_restricted");
        service.Consent.Resume(subject);
        (await AskAsync(null, Question(subject), Question(subject), Question(subject))).Select(a => a.GetProperty("rule").GetString()).ShouldBe(["not_unsubscribed", "not_unsubscribed", "frequency_capped"]);
        (await AskAsync(null, Question(subject, "module-booking"), Question(subject, "module-booking"), Question(subject, "module-booking"))).ShouldAllBe(a => a.GetProperty("allowed").GetBoolean());
    }

    [Fact]
    public async Task Of_whom_is_erased_between_the_decision_and_the_count_no_row_stays()
    {
        await using var ledger = NpgsqlDataSource.Create(service.Database);
        var counts = new SendCounts(ledger);
        var (erased, meanwhile) = (NewSubject(), NewSubject());
        await service.EraseAsync(erased);
        (await counts.CountAsync(TenantId.Parse(Packs.Tenant), [Send(erased), Send(meanwhile)], CancellationToken.None)).ShouldBe([false, true]);
        (await RowsAsync(erased)).ShouldBe(0);

        // One that is being counted when the other row's person is forgotten is waited for.
        await using var connection = await ledger.OpenConnectionAsync();
        await using var counting = await connection.BeginTransactionAsync();
        await using (var update = new NpgsqlCommand($"insert into send_counts (tenant_id, subject_id, topic, since, sent, cap) values ('{Packs.Tenant}', '{erased}', 'module-crm', now(), 1, 2)", connection, counting))
            await update.ExecuteNonQueryAsync();
        var forgetting = counts.ForgetAsync(new StreamKey(TenantId.Parse(Packs.Tenant), new StreamId(Guid.Parse(erased))), CancellationToken.None);
        await EventuallyAsync("it waits", async () => await service.CountAsync("select count(*) from pg_locks where relation = 'send_counts'::regclass and database = (select oid from pg_database where datname = current_database()) and not granted") > 0);
        await counting.CommitAsync();
        await forgetting;
        (await RowsAsync(erased), await RowsAsync(meanwhile)).ShouldBe((0, 1));

        static CountedSend Send(string subject) => new(new StreamId(Guid.Parse(subject)), "module-crm", People.Noon, Cap: 2, DeliveryId: null);

        Task<long> RowsAsync(string subject) => service.CountAsync($"select count(*) from send_counts where subject_id = '{subject}'");
    }

    [Fact]
    public async Task In_quiet_hours_the_answer_says_when_they_end_and_what_is_owed_goes_out()
    {
        var now = TimeProvider.System.GetUtcNow();
        await PublishAsync("quiet", pack => pack["quietHours"] = new JsonArray(new JsonObject
        {
            ["channel"] = "email",
            ["from"] = $"{now.AddHours(-6):HH:mm}",
            ["to"] = $"{now.AddHours(6):HH:mm}",
            ["timeZone"] = "UTC",
        }));
        var subject = NewSubject();
        var answers = await AskAsync(null, "quiet", Question(subject), Question(subject, "account-notices"), new { subject, topic = "module-crm", channel = "email", timeZone = "Pacific/Auckland" });
        answers.Select(a => a.GetProperty("rule").GetString()).ShouldBe(["quiet_hours", "transactional", "not_unsubscribed"]);
        answers[0].GetProperty("notBefore").GetDateTimeOffset().ShouldBeInRange(now.AddHours(5.9), now.AddHours(6));
    }

    private static object Question(string subject, string topic = "module-crm", string? delivery = null) =>
        delivery is null ? new { subject, topic, channel = "email" } : new { subject, topic, channel = "email", deliveryId = delivery };

    private Task<IReadOnlyList<JsonElement>> AskAsync(HttpClient? through, params object[] questions) => AskAsync(through, Tenant, questions);

    private async Task<IReadOnlyList<JsonElement>> AskAsync(HttpClient? through, string tenant, params object[] questions) =>
        [.. (await OkAsync(await service.SendAsync(HttpMethod.Post, "/v1/send-decisions", Json(questions), "email", tenant, through))).EnumerateArray()];

    private Task PublishAsync() => PublishAsync(Tenant, pack =>
        pack["topics"]!.AsArray().Single(t => t!["id"]!.GetValue<string>() == "module-crm")!["cap"] = new JsonObject { ["messages"] = 2, ["days"] = 366 });

    private async Task PublishAsync(string tenant, Action<JsonObject> with)
    {
        var pack = Packs.NorthwindJson();
        pack["tenant"] = tenant;
        with(pack);
        await service.PublishPolicyAsync(pack, version: 1);
        await EventuallyAsync("the tenant's policy is followed", async () => (await AskAsync(null, tenant, Question(NewSubject(), "account-notices"))).Single().GetProperty("rule").GetString() == "transactional");
    }
}
