using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference.Tests.Addresses;
using static ConsentLedger.MarketingPreference.Tests.RunningService;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>One person under several ids: what they left under one of them is left.</summary>
[Collection(nameof(RunningService))]
public sealed class SeveralIdsTests(RunningService service)
{
    private readonly Dictionary<string, long> _versions = [];

    [Fact]
    public async Task What_is_left_under_one_id_is_left_under_all_until_they_part()
    {
        var (a, b, c, stranger) = (NewSubject(), NewSubject(), NewSubject(), NewSubject());
        await MergeAsync(a, b);
        await MergeAsync(b, c);
        (await MailingAsync("module-crm", a, b, c, stranger)).ShouldBe(["not_unsubscribed", "not_unsubscribed", "not_unsubscribed", "not_unsubscribed"]);
        await LeaveAsync(a, "module-crm");

        (await MailingAsync("module-crm", a, b, c, stranger)).ShouldBe(["unsubscribed", "unsubscribed", "unsubscribed", "not_unsubscribed"]);
        foreach (var id in (string[])[a, b, c]) (await RuleAsync(id, "module-crm")).ShouldBe("unsubscribed");
        (await service.DecideAsync(c, "module-crm")).GetProperty("position").GetInt64().ShouldBe((await service.DecideAsync(a, "module-crm")).GetProperty("position").GetInt64());
        (await RuleAsync(c, "module-booking")).ShouldBe("not_unsubscribed");
        (await RuleAsync(c, "account-notices")).ShouldBe("transactional");
        var card = Regex.Match(await PageAsync(c), "<article class=\"card\" id=\"module-crm\".*?</article>", RegexOptions.Singleline).Value;
        card.ShouldContain("state no");
        card.ShouldContain("You unsubscribed in your mail program on");

        await PartAsync(b, c);
        (await MailingAsync("module-crm", a, b, c)).ShouldBe(["unsubscribed", "unsubscribed", "not_unsubscribed"]);
        (await RuleAsync(c, "module-crm")).ShouldBe("not_unsubscribed");
    }

    [Fact]
    public async Task One_of_several_topics_under_a_consent_is_left_under_all()
    {
        var (a, b) = (NewSubject(), NewSubject());
        foreach (var id in (string[])[a, b])
        {
            service.Consent.Give(id, "surveys-and-contests");
            await HearAsync(id, ConsentGrantedV1.Type, new ConsentGrantedV1("surveys-and-contests", "controller", "1", "consent", People.Noon, "subject", "web-form", InForce: true));
        }

        await LeaveAsync(a, "contests");
        (await MailingAsync("contests", a, b)).ShouldBe(["unsubscribed", "consent_given"]);
        await MergeAsync(a, b);
        (await MailingAsync("contests", a, b)).ShouldBe(["unsubscribed", "unsubscribed"]);
        (await RuleAsync(b, "contests")).ShouldBe("unsubscribed");
        (await RuleAsync(b, "surveys-and-contests")).ShouldBe("consent_given");
    }

    [Fact]
    public async Task Whoever_is_erased_under_one_id_is_not_heard_of_under_another()
    {
        var (a, b) = (NewSubject(), NewSubject());
        await MergeAsync(a, b);
        await service.EraseAsync(a);
        (await RuleAsync(b, "account-notices")).ShouldBe("subject_erased");
        (await MailingAsync("module-crm", a, b)).ShouldBe(["subject_erased", "subject_erased"]);
    }

    [Fact]
    public async Task The_persons_own_later_choice_counts_under_the_id_that_they_make_it_under_and_a_no_said_again_counts_for_both()
    {
        var (a, b) = (NewSubject(), NewSubject());
        await MergeAsync(a, b);
        (await service.ChooseAsync(b, "module-crm", subscribed: true)).EnsureSuccessStatusCode();
        var link = await service.LinkAsync(a);
        (await service.OneClickAsync(link)).EnsureSuccessStatusCode();
        (await RuleAsync(b, "module-crm")).ShouldBe("unsubscribed");

        (await service.ChooseAsync(b, "module-crm", subscribed: true, actor: "agent")).EnsureSuccessStatusCode();
        (await RuleAsync(b, "module-crm")).ShouldBe("unsubscribed");
        (await service.ChooseAsync(b, "module-crm", subscribed: true)).EnsureSuccessStatusCode();
        (await MailingAsync("module-crm", a, b)).ShouldBe(["unsubscribed", "not_unsubscribed"]);
        (await RuleAsync(b, "module-crm")).ShouldBe("not_unsubscribed");

        // Within the minute in which it would be a second press of the same button.
        (await service.OneClickAsync(link)).EnsureSuccessStatusCode();
        (await MailingAsync("module-crm", a, b)).ShouldBe(["unsubscribed", "unsubscribed"]);
    }

    [Fact]
    public async Task Who_is_one_person_is_heard_from_the_history_as_well()
    {
        var (a, b) = (NewSubject(), NewSubject());
        await LeaveAsync(a, "module-crm");
        service.Consent.Remember(b, (SubjectMergedV1.Type, Tie(a)), (HistoryReadV1.Type, new HistoryReadV1("us", false)));
        await service.ConsentSaysAsync(b, 2, HistoryReadV1.Type, new HistoryReadV1("us", false));
        await EventuallyAsync("it is asked for", async () => (await service.OverheardAsync(b)).Count == 2);
        (await RuleAsync(b, "module-crm")).ShouldBe("unsubscribed");
    }

    private async Task MergeAsync(string one, string other)
    {
        await HearAsync(one, SubjectMergedV1.Type, Tie(other));
        await HearAsync(other, SubjectMergedV1.Type, Tie(one));
    }

    private async Task PartAsync(string one, string other)
    {
        await HearAsync(one, SubjectUnmergedV1.Type, new SubjectUnmergedV1(Guid.Parse(other), People.Noon, "agent", "support"));
        await HearAsync(other, SubjectUnmergedV1.Type, new SubjectUnmergedV1(Guid.Parse(one), People.Noon, "agent", "support"));
    }

    private static SubjectMergedV1 Tie(string other) => new(Guid.Parse(other), People.Noon, "agent", "support");

    /// <summary>The next event of this subject's stream over there, until it is followed.</summary>
    private async Task HearAsync(string subject, string type, object data)
    {
        var version = _versions[subject] = _versions.GetValueOrDefault(subject) + 1;
        await service.ConsentSaysAsync(subject, version, type, data);
        await EventuallyAsync("it is followed", async () => (await service.OverheardAsync(subject)).Any(e => e.Type == MarketingConsentFollowedV1.Type && e.DataAs<MarketingConsentFollowedV1>().ConsentVersion == version));
    }

    private async Task LeaveAsync(string subject, string topic) => (await service.OneClickAsync(await service.LinkAsync(subject, topic))).EnsureSuccessStatusCode();

    private async Task<string?> RuleAsync(string subject, string topic) => (await service.DecideAsync(subject, topic)).GetProperty("rule").GetString();

    /// <summary>Twice, because the second time what was found out is remembered.</summary>
    private async Task<IReadOnlyList<string?>> MailingAsync(string topic, params string[] subjects)
    {
        var first = await AskAsync();
        (await AskAsync()).ShouldBe(first);
        return first;

        async Task<List<string?>> AskAsync()
        {
            var lines = string.Concat(subjects.Select(subject => JsonSerializer.Serialize(new { subject, topic, channel = "email" }) + "\n"));
            using var answer = await service.SendAsync(HttpMethod.Post, "/v1/send-decisions", new StringContent(lines, Encoding.UTF8, "application/x-ndjson"), "email");
            return [.. (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("rule").GetString())];
        }
    }

    private async Task<string> PageAsync(string subject)
    {
        var made = await OkAsync(await service.SendAsync(HttpMethod.Post, $"/v1/subjects/{subject}/preference-links", Json(new { purpose = "session", lang = "en" }), "backend"));
        using var page = await service.SendAsync(HttpMethod.Get, new Uri(made.GetProperty("url").GetString()!).AbsolutePath, headers: [("Accept", "text/html")]);
        return await page.Content.ReadAsStringAsync();
    }
}
