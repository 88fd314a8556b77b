using System.Net;
using System.Text.Json;
using ConsentLedger.Support;

namespace ConsentLedger.Journeys;

/// <summary>The other rights, from the asking to their result: our own services do their part, a foreign processor is told over OpenDSR, and one by webhook.</summary>
public sealed class RightsJourney(RunningProduct product) : IClassFixture<RunningProduct>, IDisposable
{
    private const string Tenant = "quintus", Canary = "canary-of-a-copy", Sealed = "canary-that-was-sealed";

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(3));
    private readonly string _person = Acts.NewSubject();
    private readonly string _tag = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));

    private Installation Here => product.Installation;

    private CancellationToken Ct => _patience.Token;

    private HttpClient Privacy => Here.Client(Here.Erasure, Tenant, "privacy");

    [Theory]
    [InlineData("access", "consents")]
    [InlineData("portability", "@graph")]
    public async Task A_copy_has_what_the_processors_answered_and_where_their_data_lies(string type, string ours)
    {
        await using var heard = await Overhearing.EverythingAsync(Here.Broker, "erasure.events");
        await using var webhook = await ConnectAsync(type, "crm", _ => new { outcome = "provided", resultsUrl = $"https://crm.example/{Canary}", resultsCount = 3 });
        await using var processor = NodeClient.Start(Here, Tenant, [("CALLBACK_VIA", $"http://localhost:{Here.Erasure.Url.Port}")], "opendsr/processor.mjs", Here.InFolder("opendsr.pem"), Here.InFolder("opendsr.key"));
        var endpoint = (await processor.ReadUntilAsync(line => line.TryGetProperty("listening", out _), Ct))[^1].GetProperty("listening").GetString();
        await RegisterAsync("mailer", new { name = "A mailer", kind = "open-dsr", endpoint, domain = "localhost", types = new[] { type } });
        await RegisterAsync("archive", new { name = "The archive", kind = "manual", assignee = "archivist", types = new[] { type } });
        var backend = Here.Client(Here.Consent, Tenant, "backend");
        await backend.PostOkAsync($"/v1/subjects/{_person}/grants", Acts.Grant("newsletter", evidence: new { words = Sealed }), Ct);
        await KnownToPreferenceAsync();

        var request = await AskAsync(type, new { subject = _person, type, identities = new[] { new { type = "email", value = "canary.copied@example.org" } } });
        await Acts.EventuallyAsync("both have answered", async () => await OutcomeAsync(request, "crm") == "provided" && await OutcomeAsync(request, "mailer") is "provided" or "refused", Ct);
        (await Privacy.PostAsync($"/v1/erasures/{request}/copy", new { }, HttpStatusCode.UnprocessableEntity, Ct)).GetProperty("code").GetString().ShouldBe("copy_not_whole");
        var partly = await Privacy.PostOkAsync($"/v1/erasures/{request}/copy?partial=true", new { }, Ct);
        AnswerOf(partly, "archive").TryGetProperty("outcome", out _).ShouldBeFalse();
        await backend.PostOkAsync($"/v1/subjects/{_person}/withdrawals", new { purpose = "newsletter", channel = "email", occurredAt = TimeProvider.System.GetUtcNow(), actor = "subject", method = "since-then" }, Ct);

        await Privacy.PostOkAsync($"/v1/erasures/{request}/tasks/archive/outcome", new { outcome = "nothing-held" }, Ct);
        var copy = await Privacy.PostOkAsync($"/v1/erasures/{request}/copy", new { }, Ct);
        copy.TryGetProperty(ours, out _).ShouldBeTrue();
        copy.ToString().ShouldContain(type == "access" ? "since-then" : "dpv:ConsentWithdrawn", Case.Sensitive, "what was recorded after the first reading is in it");
        if (type == "access") copy.ToString().ShouldContain(Sealed, Case.Sensitive, "and what was sealed");
        copy.GetProperty("preferences").GetProperty("addresses").EnumerateArray().ShouldHaveSingleItem().GetProperty("tag").GetString().ShouldBe(_tag);
        var crm = AnswerOf(copy, "crm");
        (crm.GetProperty("resultsUrl").GetString(), crm.GetProperty("resultsCount").GetInt32()).ShouldBe(($"https://crm.example/{Canary}", 3));
        AnswerOf(copy, "archive").GetProperty("outcome").GetString().ShouldBe("nothing-held");

        // A mailer that takes only some rights says so, and the person hears of that as well.
        var mailer = AnswerOf(copy, "mailer");
        if (type == "access") mailer.GetProperty("resultsUrl").GetString().ShouldStartWith("http://localhost");
        else mailer.GetProperty("reason").GetString().ShouldBe("type-unsupported");
        var ended = await Privacy.GetOkAsync($"/v1/erasures/{request}", Ct);
        (ended.GetProperty("state").GetString(), ended.GetProperty("outcome").GetString()).ShouldBe(("completed", type == "access" ? "fully" : "partially"));

        await Acts.EventuallyAsync("the bus hears of it", () => Task.FromResult(Completed(heard, request) is not null), Ct);
        Completed(heard, request)!.Value.GetProperty("systems").EnumerateArray().Select(s => s.GetProperty("system").GetString()).ShouldBe(["archive", "consent", "crm", "mailer", "marketing-preference"]);
        foreach (var canary in (string[])[Canary, Sealed])
        {
            heard.Bodies.ShouldAllBe(body => !body.Contains(canary));
            foreach (var log in Here.LogFiles) (await File.ReadAllTextAsync(log, Ct)).ShouldNotContain(canary);
        }
    }

    [Fact]
    public async Task Who_was_never_seen_gets_a_copy_that_says_so()
    {
        await NobodyElseAsync();
        var request = await AskAsync("access", new { subject = _person, type = "access" });
        var copy = await CopyAsync(request);
        (copy.GetProperty("consents").GetArrayLength(), copy.GetProperty("preferences").GetProperty("choices").GetArrayLength(), copy.GetProperty("preferences").GetProperty("isEmpty").GetBoolean()).ShouldBe((0, 0, true));
        var ended = await Privacy.GetOkAsync($"/v1/erasures/{request}", Ct);
        ended.GetProperty("state").GetString().ShouldBe("completed");
        ended.GetProperty("tasks").EnumerateArray().Select(t => (t.GetProperty("system").GetString(), t.GetProperty("outcome").GetString())).ShouldBe([("consent", "nothing-held"), ("marketing-preference", "nothing-held")]);
    }

    [Fact]
    public async Task While_marketing_preference_is_away_nothing_but_a_part_is_handed_out_and_the_request_stays_open()
    {
        await NobodyElseAsync();
        await KnownToPreferenceAsync();
        await Here.Preference.KillAsync();
        string request;
        try
        {
            request = await AskAsync("access", new { subject = _person, type = "access" });
            await Acts.EventuallyAsync("it was asked in vain", async () => (await TaskOfAsync(request, "marketing-preference")).TryGetProperty("failure", out _), Ct);
            (await Privacy.PostAsync($"/v1/erasures/{request}/copy", new { }, HttpStatusCode.ServiceUnavailable, Ct)).GetProperty("code").GetString().ShouldBe("copy_unavailable");
            var part = await Privacy.PostOkAsync($"/v1/erasures/{request}/copy?partial=true", new { }, Ct);
            part.TryGetProperty("preferences", out _).ShouldBeFalse();
            AnswerOf(part, "marketing-preference").TryGetProperty("outcome", out _).ShouldBeFalse();
            (await Privacy.GetOkAsync($"/v1/erasures/{request}", Ct)).GetProperty("state").GetString().ShouldBe("running");
        }
        finally
        {
            await Here.Preference.StartAsync(Ct);
        }

        (await Privacy.PostOkAsync($"/v1/erasures/{request}/copy", new { }, Ct)).GetProperty("preferences").GetProperty("addresses").GetArrayLength().ShouldBe(1);
        var ended = await Privacy.GetOkAsync($"/v1/erasures/{request}", Ct);
        ended.GetProperty("state").GetString().ShouldBe("completed");
        ended.GetProperty("copies").EnumerateArray().Select(c => (c.GetProperty("by").GetString(), c.GetProperty("isPart").GetBoolean())).ShouldBe([($"{Tenant}-privacy", true), ($"{Tenant}-privacy", false)]);
    }

    [Theory]
    [InlineData("access", "consents")]
    [InlineData("portability", "@graph")]
    public async Task A_copy_has_what_is_known_under_every_id_of_the_person(string type, string ours)
    {
        await NobodyElseAsync();
        var (backend, alias) = (Here.Client(Here.Consent, Tenant, "backend"), Acts.NewSubject());
        foreach (var id in (string[])[_person, alias]) await backend.PostOkAsync($"/v1/subjects/{id}/grants", Acts.Grant("newsletter"), Ct);
        await backend.PostOkAsync($"/v1/subjects/{_person}/merges", new { other = alias, occurredAt = TimeProvider.System.GetUtcNow(), actor = "agent", method = "desk" }, Ct);
        await Acts.EventuallyAsync("the merge is known", async () => (await Privacy.GetOkAsync($"/v1/subjects/{_person}/holds", Ct)).GetProperty("aliases").GetArrayLength() == 1, Ct);
        var copy = await CopyAsync(await AskAsync(type, new { subject = _person, type }));
        foreach (var one in (JsonElement[])[copy, copy.GetProperty("otherIds").EnumerateArray().Single()]) one.GetProperty(ours).GetArrayLength().ShouldBeGreaterThan(0);
        copy.GetProperty("otherIds").ToString().ShouldContain(alias);
    }

    [Theory]
    [InlineData("rectification", "corrected")]
    [InlineData("restriction", "restricted")]
    public async Task Each_right_has_a_result_of_its_own(string type, string result)
    {
        await using var heard = await Overhearing.EverythingAsync(Here.Broker, "erasure.events");
        await using var webhook = await ConnectAsync(type, "crm", _ => new { outcome = result });
        var request = await AskAsync(type, new { subject = _person, type });
        await Acts.EventuallyAsync("the processor has answered", async () => await OutcomeAsync(request, "crm") == result, Ct);
        webhook.Told.ShouldHaveSingleItem().GetProperty("type").GetString().ShouldBe(type);

        // What is wrong in our own records is known to people only.
        if (type == "rectification") await Privacy.PostOkAsync($"/v1/erasures/{request}/tasks/consent/outcome", new { outcome = result }, Ct);
        await Acts.EventuallyAsync("the request is completed", async () => (await Privacy.GetOkAsync($"/v1/erasures/{request}", Ct)).GetProperty("state").GetString() == "completed", Ct);
        (await Privacy.GetOkAsync($"/v1/erasures/{request}", Ct)).GetProperty("outcome").GetString().ShouldBe("fully");
        await Acts.EventuallyAsync("the bus hears of it", () => Task.FromResult(Completed(heard, request) is not null), Ct);
        Completed(heard, request)!.Value.GetProperty("systems").EnumerateArray().Select(s => (s.GetProperty("system").GetString(), s.GetProperty("outcome").GetString())).ShouldBe([("consent", result), ("crm", result)]);
        if (type == "restriction")
            (await Here.Client(Here.Consent, Tenant, "backend").MayAsync(_person, "newsletter", Ct)).ShouldBeFalse("it is only stored");
    }

    public void Dispose() => _patience.Dispose();

    private async Task<WebhookProcessor> ConnectAsync(string type, string id, Func<JsonElement, object> answer)
    {
        var webhook = new WebhookProcessor(answer);
        foreach (var other in (string[])["mailer", "archive"])
        {
            using var removed = await Here.Client(Here.Erasure, Tenant, "operator").DeleteAsync(new Uri($"/v1/processors/{other}", UriKind.Relative), Ct);
            removed.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        await RegisterAsync(id, new { name = "A CRM", kind = "webhook", endpoint = webhook.Endpoint, secret = "webhook", types = new[] { type } });
        return webhook;
    }

    private Task RegisterAsync(string id, object processor) => Here.Client(Here.Erasure, Tenant, "operator").PutOkAsync($"/v1/processors/{id}", processor, Ct);

    /// <summary>What other tests registered has no part in this one.</summary>
    private async Task NobodyElseAsync()
    {
        foreach (var other in (string[])["crm", "mailer", "archive"])
        {
            using var removed = await Here.Client(Here.Erasure, Tenant, "operator").DeleteAsync(new Uri($"/v1/processors/{other}", UriKind.Relative), Ct);
            removed.StatusCode.ShouldBe(HttpStatusCode.OK);
        }
    }

    /// <summary>The copy, once our own systems were found to have an answer.</summary>
    private async Task<JsonElement> CopyAsync(string request)
    {
        foreach (var system in (string[])["consent", "marketing-preference"])
            await Acts.EventuallyAsync($"{system} was asked", async () => (await TaskOfAsync(request, system)).TryGetProperty("nextAt", out _), Ct);
        return await Privacy.PostOkAsync($"/v1/erasures/{request}/copy", new { }, Ct);
    }

    private async Task<string> AskAsync(string type, object asked)
    {
        var request = await Privacy.PostAsync("/v1/requests", asked, HttpStatusCode.Accepted, Ct);
        request.GetProperty("type").GetString().ShouldBe(type);
        return request.GetProperty("id").GetString()!;
    }

    private async Task<string?> OutcomeAsync(string request, string system) => (await TaskOfAsync(request, system)).TryGetProperty("outcome", out var outcome) ? outcome.GetString() : null;

    private async Task<JsonElement> TaskOfAsync(string request, string system) =>
        (await Privacy.GetOkAsync($"/v1/erasures/{request}", Ct)).GetProperty("tasks").EnumerateArray().Single(t => t.GetProperty("system").GetString() == system);

    /// <summary>An address is theirs.</summary>
    private async Task KnownToPreferenceAsync()
    {
        using var linked = await Here.Client(Here.Preference, Tenant, "email").PutAsync(new Uri($"/v1/subjects/{_person}/addresses/{_tag}", UriKind.Relative), Acts.Body(new { occurredAt = Acts.Ago(5), actor = "agent", method = "sync" }), Ct);
        linked.StatusCode.ShouldBe(HttpStatusCode.OK, await linked.Content.ReadAsStringAsync(Ct));
    }

    private static JsonElement AnswerOf(JsonElement copy, string system) => copy.GetProperty("processors").EnumerateArray().Single(p => p.GetProperty("system").GetString() == system);

    private static JsonElement? Completed(Overhearing heard, string request) => heard.Bodies.Select(b => JsonDocument.Parse(b).RootElement)
        .Where(e => e.GetProperty("type").GetString() == "right.completed.v1" && e.GetProperty("data").GetProperty("request").GetString() == request)
        .Select(e => (JsonElement?)e.GetProperty("data")).FirstOrDefault();
}
