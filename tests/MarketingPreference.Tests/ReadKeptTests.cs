using System.Net;
using ConsentLedger.MarketingPreference.Tests.Addresses;
using static ConsentLedger.MarketingPreference.Tests.RunningService;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>What this service keeps about a person, for whoever makes the copy that they asked for.</summary>
[Collection(nameof(RunningService))]
public sealed class ReadKeptTests(RunningService service)
{
    private readonly string _subject = NewSubject();

    [Fact]
    public async Task All_that_is_kept_is_told_and_that_it_was_read_is_recorded_first()
    {
        var tag = AddressCalls.NewTag();
        await OkAsync(await service.LinkAddressAsync(_subject, tag));
        await OkAsync(await service.ChooseAsync(_subject, "module-crm", subscribed: false));
        (await HeadAsync("erasure-orchestrator")).ShouldBe(HttpStatusCode.OK);
        var kept = await OkAsync(await GetAsync("erasure-orchestrator"));
        kept.GetProperty("isEmpty").GetBoolean().ShouldBeFalse();
        kept.GetProperty("addresses").EnumerateArray().ShouldHaveSingleItem().GetProperty("tag").GetString().ShouldBe(tag);
        kept.GetProperty("choices").EnumerateArray().ShouldHaveSingleItem().GetProperty("topic").GetString().ShouldBe("module-crm");
        kept.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("type").GetString()).ShouldBe(["marketing.unsubscribed.v1", "marketing.preferences-read.v1"], "the reading is in it, once: whoever only asks whether there is an answer reads nothing");
        kept.GetProperty("events")[1].GetProperty("facts").GetProperty("reader").GetString().ShouldBe($"{Packs.Tenant}-erasure-orchestrator");
    }

    [Fact]
    public async Task Of_who_was_never_seen_it_is_empty_and_they_are_not_seen_by_that()
    {
        for (var time = 0; time < 2; time++)
        {
            var kept = await OkAsync(await GetAsync("erasure-orchestrator"));
            kept.GetProperty("isEmpty").GetBoolean().ShouldBeTrue();
            foreach (var part in (string[])["choices", "events", "addresses", "counts"]) kept.GetProperty(part).GetArrayLength().ShouldBe(0);
        }
    }

    [Fact]
    public async Task It_takes_a_scope_of_its_own()
    {
        using var answer = await GetAsync("email");
        answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await HeadAsync("email")).ShouldBe(HttpStatusCode.Forbidden);
    }

    private Task<HttpResponseMessage> GetAsync(string role) => service.SendAsync(HttpMethod.Get, $"/v1/subjects/{_subject}/kept", role: role);

    private async Task<HttpStatusCode> HeadAsync(string role)
    {
        using var answer = await service.SendAsync(HttpMethod.Head, $"/v1/subjects/{_subject}/kept", role: role);
        return answer.StatusCode;
    }
}
