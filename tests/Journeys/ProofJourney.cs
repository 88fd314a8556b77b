using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ConsentLedger.Support;

namespace ConsentLedger.Journeys;

/// <summary>What a person's consent leaves in an auditor's hands: receipts and bundles that hold offline, also after the person was forgotten.</summary>
public sealed class ProofJourney(RunningProduct product) : IClassFixture<RunningProduct>, IDisposable
{
    private const string Tenant = "vms", Address = "canary.proof@example.org";

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(3));
    private readonly string _subject = Acts.NewSubject();

    private Installation Here => product.Installation;

    private CancellationToken Ct => _patience.Token;

    private HttpClient Backend => Here.Client(Here.Consent, Tenant, "backend");

    private HttpClient Auditor => Here.Client(Here.Consent, Tenant, "auditor");

    private string PathOf => $"/v1/subjects/{_subject}";

    public void Dispose() => _patience.Dispose();

    [Fact]
    public async Task A_grant_comes_with_a_receipt_that_holds_after_the_person_was_erased()
    {
        var granted = await GrantAsync("receipt; wait=10");
        granted.Applied.ShouldBe("receipt");
        var position = granted.Answer.GetProperty("position").GetInt64();
        var receipt = await KeepAsync(granted.Answer.GetProperty("receipt").GetString()!);
        await ShouldProveTheGrantAsync(receipt, position);
        await ShouldProveTheGrantAsync(await KeepAsync(await Backend.GetStringAsync(new Uri($"/v1/receipts/{position}", UriKind.Relative), Ct)), position);

        await EraseAsync();
        await ShouldProveTheGrantAsync(receipt, position);

        // What is left of the person: facts and proofs, and nothing that opens.
        var bundle = await Auditor.GetStringAsync(new Uri($"{PathOf}/export?disclose=true", UriKind.Relative), Ct);
        foreach (var word in (string[])["canary", "\"envelope\"", "\"okm\"", "\"evidence\""]) bundle.ShouldNotContain(word);
        var (code, verified) = await VerifyAsync(await KeepAsync(bundle));
        (code, verified.GetProperty("sealed").GetInt32(), verified.GetProperty("opened").GetInt32()).ShouldBe((0, 1, 0), verified.ToString());
        var (_, replayed) = await LedgerTool.RunAsync(Ct, "replay", await KeepAsync(bundle));
        replayed.GetProperty("erasure").GetString().ShouldBe("done");
        replayed.GetProperty("lanes").GetArrayLength().ShouldBe(0);
        replayed.GetProperty("history").EnumerateArray().Select(e => e.GetProperty("type").GetString())
            .ShouldBe(["consent.granted.v1", "subject.erasure-started.v1", "subject.erased.v1", "consent.history-read.v1"], "what is told of a person who was erased");
    }

    [Fact]
    public async Task An_export_ends_with_its_own_reading_and_opens_for_whoever_may_open_it()
    {
        await GrantAsync();
        await Backend.PostOkAsync($"{PathOf}/withdrawals", Acts.Withdrawal("newsletter"), Ct);
        using var answer = await Auditor.GetAsync(new Uri($"{PathOf}/export?disclose=true", UriKind.Relative), Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Ct));
        (answer.Headers.ETag?.Tag, answer.Content.Headers.ContentType?.MediaType).ShouldBe(("\"3\"", "application/json"));
        var disclosed = await KeepAsync(await answer.Content.ReadAsStringAsync(Ct));

        var (code, verified) = await VerifyAsync(disclosed);
        (code, verified.GetProperty("entries").GetInt32(), verified.GetProperty("opened").GetInt32()).ShouldBe((0, 3, 1), verified.ToString());
        var (_, replayed) = await LedgerTool.RunAsync(Ct, "replay", disclosed);
        replayed.ToString().ShouldNotContain("canary");
        var reading = replayed.GetProperty("history").EnumerateArray().Last();
        (reading.GetProperty("type").GetString(), reading.GetProperty("facts").GetProperty("disclosed").GetBoolean()).ShouldBe(("consent.history-read.v1", true));
        (await LedgerTool.RunAsync(Ct, "replay", disclosed, "--show-evidence")).Answer.ToString().ShouldContain(Address);

        // Another reader, who may not open anything, gets the same proofs and no keys; and both readings are there for the next.
        var closed = await Here.Client(Here.Consent, Tenant, "marketing-preference").GetStringAsync(new Uri($"{PathOf}/export", UriKind.Relative), Ct);
        foreach (var word in (string[])["canary", "\"okm\"", "\"evidence\""]) closed.ShouldNotContain(word);
        (code, verified) = await VerifyAsync(await KeepAsync(closed));
        (code, verified.GetProperty("entries").GetInt32(), verified.GetProperty("opened").GetInt32()).ShouldBe((0, 4, 0), verified.ToString());

        // One word changed, and it no longer holds.
        (code, verified) = await VerifyAsync(await KeepAsync(closed.Replace("consent.withdrawn.v1", "consent.granted.v1")));
        (code, verified.GetProperty("faults")[0].GetProperty("code").GetString()).ShouldBe((1, "facts_mismatch"));
    }

    [Fact]
    public async Task A_running_service_is_replayed_and_compared_with_what_was_known_before()
    {
        await GrantAsync();
        var before = Acts.Moment();
        await Backend.PostOkAsync($"{PathOf}/withdrawals", Acts.Withdrawal("newsletter"), Ct);
        var token = await KeepAsync(Here.Issuer.Token(Tenant, "auditor"));
        string[] asked = ["--server", Here.Consent.Url.ToString(), "--tenant", Tenant, "--token-file", token, "--subject", _subject];

        var (code, diff) = await LedgerTool.RunAsync(Ct, ["diff", .. asked, "--known-at", before]);
        code.ShouldBe(0, diff.ToString());
        var lane = diff.GetProperty("lanes").EnumerateArray().Single(l => l.GetProperty("changed").GetBoolean());
        (lane.GetProperty("then").GetProperty("state").GetString(), lane.GetProperty("now").GetProperty("state").GetString()).ShouldBe(("given", "withdrawn"));

        var (_, replay) = await LedgerTool.RunAsync(Ct, ["replay", .. asked, "--known-at", before]);
        replay.GetProperty("lanes").EnumerateArray().Single().GetProperty("now").GetProperty("state").GetString().ShouldBe("given");
        replay.ToString().ShouldNotContain("canary");

        var (refused, why) = await LedgerTool.RunAsync(Ct, ["replay", .. asked[..^1], Acts.NewSubject()]);
        (refused, why.GetProperty("error").GetProperty("code").GetString()).ShouldBe((2, "not_found"));
    }

    [Fact]
    public async Task Each_of_it_is_for_whoever_has_the_scope_and_for_nobody_elses_tenant()
    {
        var position = (await GrantAsync()).Answer.GetProperty("position").GetInt64();
        await ShouldBeRefusedAsync("backend", $"{PathOf}/export", HttpStatusCode.Forbidden, "scope_missing");
        await ShouldBeRefusedAsync("marketing-preference", $"{PathOf}/export?disclose=true", HttpStatusCode.Forbidden, "scope_missing");
        await ShouldBeRefusedAsync("operator", $"/v1/receipts/{position}", HttpStatusCode.Forbidden, "scope_missing");
        await ShouldBeRefusedAsync("auditor", "/v1/receipts/99999999", HttpStatusCode.NotFound, "position_unknown");
        await ShouldBeRefusedAsync("auditor", "/v1/receipts/-1", HttpStatusCode.NotFound, "position_unknown");
        await ShouldBeRefusedAsync("auditor", "/v1/receipts/first", HttpStatusCode.BadRequest, "request_invalid");
        await ShouldBeRefusedAsync("auditor", $"/v1/subjects/{Acts.NewSubject()}/export", HttpStatusCode.NotFound, "not_found");
        await ShouldBeRefusedAsync("auditor", $"{PathOf}/export", HttpStatusCode.NotFound, "not_found", tenant: "quintus");

        // A refused reading is no reading.
        var history = await Auditor.GetOkAsync($"{PathOf}/history", Ct);
        history.EnumerateArray().Select(e => e.GetProperty("type").GetString()).ShouldBe(["consent.granted.v1", "consent.history-read.v1"]);
    }

    [Fact]
    public async Task The_same_key_again_is_answered_with_the_receipt_of_the_first()
    {
        var key = $"key for {_subject}";
        var body = Acts.Grant("newsletter");
        var first = await GrantAsync(prefer: null, key, body);
        first.Answer.TryGetProperty("receipt", out _).ShouldBeFalse();
        var again = await GrantAsync("receipt; wait=10", key, body);
        again.Answer.GetProperty("position").GetInt64().ShouldBe(first.Answer.GetProperty("position").GetInt64());
        await ShouldProveTheGrantAsync(await KeepAsync(again.Answer.GetProperty("receipt").GetString()!), first.Answer.GetProperty("position").GetInt64());

        var unchanged = await GrantAsync("receipt");
        (unchanged.Answer.GetProperty("outcome").GetString(), unchanged.Applied).ShouldBe(("unchanged", null));
    }

    private async Task ShouldProveTheGrantAsync(string receipt, long position)
    {
        var (code, verified) = await VerifyAsync(receipt);
        code.ShouldBe(0, verified.ToString());
        (verified.GetProperty("position").GetInt64(), verified.GetProperty("stream").GetString(), verified.GetProperty("version").GetInt64()).ShouldBe((position, _subject, 1));
    }

    private async Task ShouldBeRefusedAsync(string role, string path, HttpStatusCode status, string code, string tenant = Tenant)
    {
        using var answer = await Here.Client(Here.Consent, tenant, role).GetAsync(new Uri(path, UriKind.Relative), Ct);
        (answer.StatusCode, (await answer.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("code").GetString()).ShouldBe((status, code));
    }

    private async Task<(JsonElement Answer, string? Applied)> GrantAsync(string? prefer = null, string? key = null, object? body = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{PathOf}/grants") { Content = Acts.Body(body ?? Acts.Grant("newsletter", evidence: new { address = Address, ip = "192.0.2.77" })) };
        if (prefer is not null) request.Headers.Add("Prefer", prefer);
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        using var answer = await Backend.SendAsync(request, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Ct));
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Ct), answer.Headers.TryGetValues("Preference-Applied", out var applied) ? applied.Single() : null);
    }

    private async Task EraseAsync()
    {
        var privacy = Here.Client(Here.Erasure, Tenant, "privacy");
        await privacy.PostAsync("/v1/erasures", new { subject = _subject }, HttpStatusCode.Accepted, Ct);
        await Acts.EventuallyAsync(
            "the person is erased here", async () => (await Backend.GetOkAsync($"{PathOf}/consents", Ct)).GetProperty("erasure").GetString() == "done", Ct);
    }

    private async Task<(int ExitCode, JsonElement Answer)> VerifyAsync(string file) =>
        await LedgerTool.RunAsync(Ct, "verify", file, "--key", (await Backend.GetStringAsync(new Uri($"/log/{Tenant}/key", UriKind.Relative), Ct)).Trim());

    private async Task<string> KeepAsync(string text)
    {
        var file = Here.InFolder(Path.GetRandomFileName());
        await File.WriteAllTextAsync(file, text, Ct);
        return file;
    }
}
