using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ConsentLedger.Support;

namespace ConsentLedger.Journeys;

/// <summary>What a product backend and an auditor do with the consent service, over HTTP.</summary>
public sealed class ConsentJourney(RunningConsent product) : IClassFixture<RunningConsent>, IDisposable
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(2));
    private Installation Here => product.Installation;

    private CancellationToken Ct => _patience.Token;

    public void Dispose() => _patience.Dispose();

    [Fact]
    public async Task Consent_is_given_decided_on_withdrawn_and_replayed_as_of_any_time()
    {
        var backend = Here.Client(Here.Consent, "quintus", "backend");
        var auditor = Here.Client(Here.Consent, "quintus", "auditor");
        var (subject, path) = NewSubject();
        (await backend.MayAsync(subject, "newsletter", Ct)).ShouldBeFalse();

        (await backend.PostOkAsync($"{path}/grants", Acts.Grant("newsletter", secondsAgo: 3600), Ct)).GetProperty("outcome").GetString().ShouldBe("recorded");
        (await backend.PostOkAsync($"{path}/grants", Acts.Grant("newsletter", secondsAgo: 3000), Ct)).GetProperty("outcome").GetString().ShouldBe("unchanged");
        (await backend.MayAsync(subject, "newsletter", Ct)).ShouldBeTrue();
        var before = Acts.Moment();
        await backend.PostOkAsync($"{path}/withdrawals", Acts.Withdrawal("newsletter", channel: null), Ct);
        (await backend.MayAsync(subject, "newsletter", Ct)).ShouldBeFalse();

        StateOf(await backend.GetOkAsync($"{path}/consents", Ct)).ShouldBe("withdrawn");
        StateOf(await backend.GetOkAsync($"{path}/consents?knownAt={Uri.EscapeDataString(before)}", Ct)).ShouldBe("given");
        StateOf(await backend.GetOkAsync($"{path}/consents?asOf={Uri.EscapeDataString(Acts.Ago(1800))}", Ct)).ShouldBe("given");
        StateOf(await backend.GetOkAsync($"{path}/consents?asOf={Uri.EscapeDataString(Acts.Ago(7200))}", Ct)).ShouldBeNull();

        var history = await auditor.GetOkAsync($"{path}/history", Ct);
        history.EnumerateArray().Select(e => e.GetProperty("type").GetString()).ShouldBe(["consent.granted.v1", "consent.withdrawn.v1", "consent.history-read.v1"]);

        static string? StateOf(JsonElement answer) => answer.GetProperty("consents").EnumerateArray().Select(c => c.GetProperty("state").GetString()).SingleOrDefault();
    }

    [Fact]
    public async Task A_history_is_also_read_as_lines()
    {
        var (_, path) = NewSubject();
        await Here.Client(Here.Consent, "vms", "backend").PostOkAsync($"{path}/grants", Acts.Grant("newsletter"), Ct);
        var auditor = Here.Client(Here.Consent, "vms", "auditor");
        auditor.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/x-ndjson"));
        var lines = (await auditor.GetStringAsync(new Uri($"{path}/history", UriKind.Relative), Ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Select(l => JsonDocument.Parse(l).RootElement.GetProperty("version").GetInt64()).ShouldBe([1L, 2L]);
    }

    [Fact]
    public async Task Nothing_is_watched_where_the_service_was_started()
    {
        using var stat = Process.Start(new ProcessStartInfo("stat", ["--format=%i", Environment.CurrentDirectory]) { RedirectStandardOutput = true })!;
        var here = long.Parse(await stat.StandardOutput.ReadToEndAsync(Ct), CultureInfo.InvariantCulture);
        await stat.WaitForExitAsync(Ct);
        var watched = Directory.GetFiles($"/proc/{Here.Consent.Id}/fdinfo").SelectMany(File.ReadAllLines).Where(line => line.StartsWith("inotify ", StringComparison.Ordinal));
        watched.ShouldNotContain(line => line.Contains($" ino:{here:x} ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_the_policy_does_not_declare_is_refused_and_decides_no()
    {
        var backend = Here.Client(Here.Consent, "allure-systems", "backend");
        var (subject, path) = NewSubject();
        async Task<string?> CodeAsync(object grant) => (await backend.PostAsync($"{path}/grants", grant, HttpStatusCode.UnprocessableEntity, Ct)).GetProperty("code").GetString();

        (await CodeAsync(Acts.Grant("horoscopes"))).ShouldBe("purpose_undeclared");
        (await CodeAsync(Acts.Grant("promotions", channel: "phone"))).ShouldBe("channel_undeclared");
        (await CodeAsync(Acts.Grant("promotions", channel: null))).ShouldBe("channel_required");
        (await CodeAsync(Acts.Grant("promotions", recipient: "anybody"))).ShouldBe("recipient_undeclared");
        (await CodeAsync(Acts.Grant("data-storage", channel: null))).ShouldBe("consent_not_the_basis");
        (await CodeAsync(Acts.Grant("promotions", secondsAgo: -3600))).ShouldBe("occurred_in_future");
        (await backend.PostOkAsync("/v1/decisions", new { subject, purpose = "horoscopes" }, Ct)).GetProperty("code").GetString().ShouldBe("purpose_undeclared");
    }

    [Fact]
    public async Task A_batch_of_decisions_answers_in_order_and_says_what_each_rests_on()
    {
        var backend = Here.Client(Here.Consent, "spectral-tms", "backend");
        var (yes, yesPath) = NewSubject();
        var (no, _) = NewSubject();
        var granted = await backend.PostOkAsync($"{yesPath}/grants", Acts.Grant("partner-offers", recipient: "marketing-partners"), Ct);

        var answers = (await backend.PostOkAsync("/v1/decisions", new object[]
        {
            new { subject = no, purpose = "partner-offers", channel = "email", recipient = "marketing-partners" },
            new { subject = yes, purpose = "partner-offers", channel = "email", recipient = "marketing-partners" },
            new { subject = yes, purpose = "partner-offers", channel = "sms", recipient = "marketing-partners" },
            new { subject = no, purpose = "order-processing", channel = "email" },
        }, Ct)).EnumerateArray().ToList();

        answers.Select(a => a.GetProperty("code").GetString()).ShouldBe(["consent_unknown", "consent_given", "consent_unknown", "rests_on_other_basis"]);
        answers[1].GetProperty("position").GetInt64().ShouldBe(granted.GetProperty("position").GetInt64());
        answers[3].GetProperty("basis").GetString().ShouldBe("contract");
    }

    [Fact]
    public async Task The_same_idempotency_key_counts_once_and_never_for_another_body()
    {
        var backend = Here.Client(Here.Consent, "assutech", "backend");
        var (_, path) = NewSubject();
        var grant = JsonSerializer.Serialize(Acts.Grant("product-offers"));
        async Task<(HttpStatusCode, string)> PostAsync(string body)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{path}/grants") { Content = new StringContent(body.Replace("null", "\"controller\""), Encoding.UTF8, "application/json") };
            request.Headers.Add("Idempotency-Key", $"key for {path}");
            using var answer = await backend.SendAsync(request, Ct);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Ct));
        }

        grant = grant.Replace(",\"evidence\":null", "");
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PostAsync(grant)));
        answers.Select(a => a.Item1).ShouldAllBe(status => status == HttpStatusCode.OK);
        answers.Select(a => a.Item2).Distinct().Count().ShouldBe(1);
        (await PostAsync(grant.Replace("web-form", "paper"))).Item1.ShouldBe(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task What_would_have_been_decided_then_is_told_now()
    {
        var backend = Here.Client(Here.Consent, "quintus", "backend");
        var (subject, path) = NewSubject();
        var granted = (await backend.PostOkAsync($"{path}/grants", Acts.Grant("newsletter"), Ct)).GetProperty("position").GetInt64();
        var between = Acts.Moment();
        await backend.PostOkAsync($"{path}/withdrawals", Acts.Withdrawal("newsletter", secondsAgo: 5), Ct);

        (await DecideAsync("")).GetProperty("code").GetString().ShouldBe("consent_withdrawn");
        var known = await DecideAsync($"?knownAt={Uri.EscapeDataString(between)}");
        (known.GetProperty("code").GetString(), known.GetProperty("position").GetInt64()).ShouldBe(("consent_given", granted));
        (await DecideAsync($"?asOf={Uri.EscapeDataString(Acts.Ago(0))}")).GetProperty("code").GetString().ShouldBe("consent_withdrawn");
        (await DecideAsync($"?knownAt={Uri.EscapeDataString("2001-01-01T00:00:00Z")}")).GetProperty("code").GetString().ShouldBe("policy_missing");

        Task<JsonElement> DecideAsync(string when) => backend.PostOkAsync($"/v1/decisions{when}", new { subject, purpose = "newsletter", channel = "email" }, Ct);
    }

    [Fact]
    public async Task An_import_restricts_but_never_resurrects()
    {
        var backend = Here.Client(Here.Consent, "quintus", "backend");
        var (withdrawn, withdrawnPath) = NewSubject();
        var (unknown, _) = NewSubject();
        await backend.PostOkAsync($"{withdrawnPath}/grants", Acts.Grant("newsletter"), Ct);
        await backend.PostOkAsync($"{withdrawnPath}/withdrawals", Acts.Withdrawal("newsletter"), Ct);

        var lines = new[]
        {
            JsonSerializer.Serialize(new { subject = withdrawn, grant = new { purpose = "newsletter", channel = "email", occurredAt = Acts.Ago(0), actor = "agent", method = "import", source = "old-crm" } }),
            JsonSerializer.Serialize(new { subject = unknown, grant = new { purpose = "newsletter", channel = "email", occurredAt = Acts.Ago(9999), actor = "agent", method = "import", source = "old-crm" } }),
            JsonSerializer.Serialize(new { subject = unknown, withdraw = new { purpose = "product-news", occurredAt = Acts.Ago(9999), actor = "agent", method = "import", source = "old-crm" } }),
            "{ not json",
            JsonSerializer.Serialize(new { subject = "maria@example.org", grant = new { purpose = "newsletter", channel = "email", occurredAt = Acts.Ago(0), actor = "agent", method = "import", source = "old-crm" } }),
        };
        var results = await ImportAsync(lines);
        results.Select(r => r.GetProperty("outcome").GetString()).ShouldBe(["refused", "recorded", "recorded", "invalid", "invalid"]);
        results[0].GetProperty("code").GetString().ShouldBe("withdrawal_prevails");
        results[3].GetProperty("code").GetString().ShouldBe("body_not_json");
        results[4].GetProperty("code").GetString().ShouldBe("subject_id_invalid");
        (await backend.MayAsync(withdrawn, "newsletter", Ct)).ShouldBeFalse();
        (await backend.MayAsync(unknown, "newsletter", Ct)).ShouldBeTrue();

        // The same file again: the same answers, nothing written twice.
        (await ImportAsync(lines)).Select(r => r.ToString()).ShouldBe(results.Select(r => r.ToString()));

        // As docs/importing-consents.md has it.
        async Task<List<JsonElement>> ImportAsync(string[] lines)
        {
            var list = Path.GetTempFileName();
            await File.WriteAllLinesAsync(list, lines, Ct);
            string[] headers = [$"Authorization: Bearer {Here.Issuer.Token("quintus", "operator")}", "Content-Type: application/x-ndjson"];
            using var curl = Process.Start(new ProcessStartInfo("curl", ["-sS", "--fail-with-body", "-X", "POST", "-T", list, $"{Here.Consent.Url}v1/imports", .. headers.SelectMany(h => (string[])["-H", h])]) { RedirectStandardOutput = true })!;
            var results = await curl.StandardOutput.ReadToEndAsync(Ct);
            await curl.WaitForExitAsync(Ct);
            File.Delete(list);
            curl.ExitCode.ShouldBe(0, results);
            return [.. results.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];
        }
    }

    [Fact]
    public async Task Evidence_is_sealed_opened_only_for_who_may_and_in_no_log()
    {
        const string Canary = "canary.evidence@example.org";
        var (_, path) = NewSubject();
        await Here.Client(Here.Consent, "vms", "backend").PostOkAsync($"{path}/grants", Acts.Grant("newsletter", evidence: new { address = Canary, ip = "192.0.2.77" }), Ct);

        var auditor = Here.Client(Here.Consent, "vms", "auditor");
        (await auditor.GetStringAsync(new Uri($"{path}/history", UriKind.Relative), Ct)).ShouldNotContain("canary");
        (await auditor.GetStringAsync(new Uri($"{path}/history?disclose=true", UriKind.Relative), Ct)).ShouldContain(Canary);
        foreach (var log in Here.LogFiles.Where(File.Exists)) (await File.ReadAllTextAsync(log, Ct)).ShouldNotContain("canary");
    }

    [Fact]
    public async Task Another_tenants_token_sees_nothing_and_an_expired_one_even_less()
    {
        var (_, path) = NewSubject();
        await Here.Client(Here.Consent, "vms", "backend").PostOkAsync($"{path}/grants", Acts.Grant("newsletter"), Ct);
        (await Here.Client(Here.Consent, "quintus", "backend").GetOkAsync($"{path}/consents", Ct)).GetProperty("consents").GetArrayLength().ShouldBe(0);

        using var stranger = new HttpClient { BaseAddress = Here.Consent.Url };
        stranger.DefaultRequestHeaders.Authorization = new("Bearer", Here.Issuer.Token("vms", "backend", age: TimeSpan.FromHours(3)));
        using var answer = await stranger.GetAsync(new Uri($"{path}/consents", UriKind.Relative), Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await answer.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("code").GetString().ShouldBe("token_expired");
    }

    private static (string Subject, string Path) NewSubject()
    {
        var subject = Acts.NewSubject();
        return (subject, $"/v1/subjects/{subject}");
    }
}
