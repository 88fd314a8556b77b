using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using ConsentLedger.Support;

namespace ConsentLedger.Journeys;

/// <summary>OpenDSR between strangers: a controller and a processor that know the specification and nothing of us.</summary>
public sealed class OpenDsrJourney(RunningProduct product) : IClassFixture<RunningProduct>, IDisposable
{
    private const string Tenant = "vms", Another = "assutech", Third = "quintus";

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(3));

    private Installation Here => product.Installation;

    private CancellationToken Ct => _patience.Token;

    private string Base => $"http://localhost:{Here.Erasure.Url.Port}";

    [Fact]
    public async Task A_foreign_controller_has_somebody_forgotten_and_an_auditor_verifies_it_who_was_never_told_the_address()
    {
        var (address, person) = ("canary.foreign.controller@example.org", Acts.NewSubject());
        await Here.Client(Here.Consent, Tenant, "backend").PostOkAsync($"/v1/subjects/{person}/grants", Acts.Grant("newsletter", evidence: new { address }), Ct);

        await using var controller = NodeClient.Start(Here, Tenant, [("TOKEN", Here.Issuer.Token(Tenant, "privacy"))], "opendsr/controller.mjs", Base, address);
        var lines = await controller.ReadUntilAsync(line => line.TryGetProperty("callback", out var callback) && callback.GetProperty("request_status").GetString() == "completed", Ct);
        lines.Any(line => line.TryGetProperty("received", out _)).ShouldBeTrue();
        lines.Any(line => line.TryGetProperty("refused", out _)).ShouldBeFalse();

        (await Here.Client(Here.Consent, Tenant, "privacy").PostOkAsync("/v1/subjects/lookup", new { kind = "email", value = address }, Ct)).GetProperty("subjects").GetArrayLength().ShouldBe(0);
        var erasures = Here.Client(Here.Erasure, Tenant, "privacy");
        var asked = await erasures.PostAsync("/v1/erasures", new { subject = person }, HttpStatusCode.OK, Ct);
        var certificate = await erasures.GetByteArrayAsync(new Uri($"/v1/erasures/{asked.GetProperty("id").GetString()}/certificate", UriKind.Relative), Ct);
        Encoding.UTF8.GetString(certificate).ShouldNotContain(address);

        var (file, key) = (Here.InFolder("certificate.json"), await erasures.GetStringAsync(new Uri($"/log/{Tenant}/key", UriKind.Relative), Ct));
        await File.WriteAllBytesAsync(file, certificate, Ct);
        var (code, answer) = await LedgerTool.RunAsync(Ct, "verify-certificate", file, "--key", key.Trim(), "--subject", person);
        code.ShouldBe(0, answer.ToString());
        answer.GetProperty("certificate").GetProperty("systems").EnumerateArray().Select(s => s.GetProperty("outcome").GetString()).ShouldAllBe(outcome => outcome == "erased" || outcome == "nothing-held");

        certificate[certificate.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(file, certificate, Ct);
        (await LedgerTool.RunAsync(Ct, "verify-certificate", file, "--key", key.Trim())).ExitCode.ShouldBe(1);
        foreach (var log in Here.LogFiles) (await File.ReadAllTextAsync(log, Ct)).ShouldNotContain(address);
    }

    [Fact]
    public async Task A_foreign_controller_fetches_what_is_known_of_somebody()
    {
        var (address, person) = ("canary.foreign.access@example.org", Acts.NewSubject());
        await Here.Client(Here.Consent, Tenant, "backend").PostOkAsync($"/v1/subjects/{person}/grants", Acts.Grant("newsletter", evidence: new { address }), Ct);
        await using var controller = NodeClient.Start(Here, Tenant, [("TOKEN", Here.Issuer.Token(Tenant, "controller")), ("TYPE", "access")], "opendsr/controller.mjs", Base, address);
        var results = (await controller.ReadUntilAsync(line => line.TryGetProperty("results", out _), Ct))[^1].GetProperty("results");
        results.GetProperty("status").GetInt32().ShouldBe(200, results.ToString());
        var data = results.GetProperty("data");
        (data.GetProperty("subject").GetString(), data.TryGetProperty("preferences", out _)).ShouldBe((person, true));
        data.ToString().ShouldContain(address, Case.Sensitive, "what was sealed is theirs, too");
        foreach (var log in Here.LogFiles) (await File.ReadAllTextAsync(log, Ct)).ShouldNotContain(address);
    }

    [Fact]
    public async Task A_foreign_processor_is_told_by_hash_and_its_callback_completes_the_request_but_a_forged_one_does_not()
    {
        var (address, person) = ("Canary.Foreign.Processor@example.org", Acts.NewSubject());
        await using var processor = NodeClient.Start(Here, Another, [("CALLBACK_VIA", Base)], "opendsr/processor.mjs", Here.InFolder("opendsr.pem"), Here.InFolder("opendsr.key"));
        var endpoint = (await processor.ReadUntilAsync(line => line.TryGetProperty("listening", out _), Ct))[^1].GetProperty("listening").GetString();
        using (var configured = await Here.Client(Here.Erasure, Another, "operator").PutAsJsonAsync(
            new Uri("/v1/processors/mailer", UriKind.Relative), new { name = "A mailer", kind = "open-dsr", endpoint, domain = "localhost" }, Ct))
            configured.StatusCode.ShouldBe(HttpStatusCode.OK, await configured.Content.ReadAsStringAsync(Ct));

        var erasures = Here.Client(Here.Erasure, Another, "privacy");
        var asked = await erasures.PostAsync("/v1/erasures", new { subject = person, identities = new[] { new { type = "email", value = address, format = "raw" } } }, HttpStatusCode.Accepted, Ct);
        var told = await processor.ReadUntilAsync(line => line.TryGetProperty("told", out _), Ct);
        var identity = told.First(line => line.TryGetProperty("asked", out _)).GetProperty("asked").GetProperty("identities")[0];
        identity.GetProperty("identity_value").GetString().ShouldBe(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(address.ToLowerInvariant()))));
        (told[^1].GetProperty("told").GetProperty("forged").GetInt32(), told[^1].GetProperty("told").GetProperty("taken").GetInt32()).ShouldBe((403, 202));

        await Acts.EventuallyAsync("the request is completed", async () => await OutcomeAsync(erasures, asked.GetProperty("id").GetString()!) is "erased", Ct);
    }

    [Fact]
    public async Task Whoever_says_no_address_is_forgotten_by_the_processor_under_every_address_that_was_sealed_and_nobody_else_reads_it()
    {
        var (backend, erasures) = (Here.Client(Here.Consent, Third, "backend"), Here.Client(Here.Erasure, Third, "privacy"));
        (string Id, string Address)[] ids = [(Acts.NewSubject(), "canary.one.id@example.org"), (Acts.NewSubject(), "canary.other.id@example.org")];
        foreach (var (id, address) in ids) await backend.PostOkAsync($"/v1/subjects/{id}/grants", Acts.Grant("newsletter", evidence: new { address }), Ct);
        await backend.PostOkAsync($"/v1/subjects/{ids[0].Id}/merges", new { other = ids[1].Id, occurredAt = TimeProvider.System.GetUtcNow(), actor = "agent", method = "desk" }, Ct);
        await Acts.EventuallyAsync("the merge is known", async () => (await erasures.GetOkAsync($"/v1/subjects/{ids[0].Id}/holds", Ct)).GetProperty("aliases").GetArrayLength() == 1, Ct);

        // A scope of its own, which not even an auditor has who may open everything.
        var path = new Uri($"/v1/subjects/{ids[0].Id}/addresses", UriKind.Relative);
        using (var refused = await Here.Client(Here.Consent, Third, "auditor").GetAsync(path, Ct)) refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        await using var heard = await Overhearing.EverythingAsync(Here.Broker, "erasure.events", "consent.events");
        await using var processor = NodeClient.Start(Here, Third, [("CALLBACK_VIA", Base)], "opendsr/processor.mjs", Here.InFolder("opendsr.pem"), Here.InFolder("opendsr.key"));
        var endpoint = (await processor.ReadUntilAsync(line => line.TryGetProperty("listening", out _), Ct))[^1].GetProperty("listening").GetString();
        await Here.Client(Here.Erasure, Third, "operator").PutOkAsync("/v1/processors/mailer", new { name = "A mailer", kind = "open-dsr", endpoint, domain = "localhost" }, Ct);

        // As the preference centre asks.
        var request = (await erasures.PostAsync("/v1/erasures", new { subject = ids[0].Id }, HttpStatusCode.Accepted, Ct)).GetProperty("id").GetString()!;
        var asked = new List<string?>();
        while (asked.Count < ids.Length)
        {
            var line = (await processor.ReadUntilAsync(line => line.TryGetProperty("asked", out _), Ct))[^1];
            asked.AddRange(line.GetProperty("asked").GetProperty("identities").EnumerateArray().Select(i => i.GetProperty("identity_value").GetString()));
        }

        asked.ShouldBe(ids.Select(id => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id.Address)))), ignoreOrder: true);
        await Acts.EventuallyAsync("the request is completed", async () => await OutcomeAsync(erasures, request) is "erased", Ct);
        var task = (await erasures.GetOkAsync($"/v1/erasures/{request}", Ct)).GetProperty("tasks").EnumerateArray().Single(t => t.GetProperty("system").GetString() == "consent-addresses");
        task.GetProperty("outcome").GetString().ShouldBe("provided");

        var history = await Here.Client(Here.Consent, Third, "auditor").GetOkAsync($"/v1/subjects/{ids[0].Id}/history", Ct);
        var reading = history.EnumerateArray().First(e => e.GetProperty("type").GetString() == "consent.history-read.v1").GetProperty("data");
        (reading.GetProperty("reader").GetString(), reading.GetProperty("disclosed").GetBoolean()).ShouldBe(("x-erasure-orchestrator", true), "who was told what they are known by is in their history");
        foreach (var (_, address) in ids)
        {
            heard.Bodies.ShouldAllBe(body => !body.Contains(address));
            foreach (var log in Here.LogFiles) (await File.ReadAllTextAsync(log, Ct)).ShouldNotContain(address);
        }
    }

    public void Dispose() => _patience.Dispose();

    private async Task<string?> OutcomeAsync(HttpClient erasures, string id)
    {
        var request = await erasures.GetOkAsync($"/v1/erasures/{id}", Ct);
        var task = request.GetProperty("tasks").EnumerateArray().Single(t => t.GetProperty("system").GetString() == "mailer");
        return task.TryGetProperty("outcome", out var outcome) && request.TryGetProperty("completedAt", out _) ? outcome.GetString() : null;
    }
}
