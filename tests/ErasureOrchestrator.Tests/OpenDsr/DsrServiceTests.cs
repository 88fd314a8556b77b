using System.Security.Cryptography;
using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.OpenDsr;
using ConsentLedger.EventStore;

namespace ConsentLedger.ErasureOrchestrator.Tests.OpenDsr;

/// <summary>We are the processor: the running service, asked by a controller over HTTP.</summary>
public sealed class DsrServiceTests(DsrService service) : IClassFixture<DsrService>
{
    private readonly Guid _id = Four();
    private readonly string _address = $"canary.{Four():N}@example.org", _subject = People.NewSubject().ToString();

    [Fact]
    public async Task Discovery_is_for_everybody_and_leads_to_the_certificate()
    {
        var discovery = await service.SendAsync(HttpMethod.Get, "/v2/discovery", role: null);
        (discovery.Status, discovery.Json.GetProperty("api_version").GetString()).ShouldBe((200, "2.0"));
        discovery.Json.GetProperty("processor_certificate").GetString().ShouldBe("https://localhost/opendsr/certificate.pem");
        discovery.Json.GetProperty("supported_subject_request_types").EnumerateArray().Select(t => t.GetString()).ShouldBe(["access", "erasure", "portability"]);
        ShouldBeSigned(discovery);
        (await service.SendAsync(HttpMethod.Get, "/opendsr/certificate.pem", role: null)).Text.ShouldStartWith("-----BEGIN CERTIFICATE-----");
        (await service.SendAsync(HttpMethod.Get, "/v1/discovery", role: null)).Headers.Keys.ShouldContain("X-OpenGDPR-Signature");
    }

    [Fact]
    public async Task A_request_goes_its_way_from_its_receipt_to_the_last_callback_and_leaves_no_address()
    {
        service.Addresses[_address] = [_subject];
        var body = Request();
        var accepted = await service.SubmitAsync(body);
        accepted.Status.ShouldBe(201, accepted.Text);
        ShouldBeSigned(accepted);
        accepted.Json.GetProperty("controller_id").GetString().ShouldBe("quintus");
        accepted.Json.GetProperty("encoded_request").GetBytesFromBase64().ShouldBe(System.Text.Encoding.UTF8.GetBytes(body));
        accepted.Json.GetProperty("expected_completion_time").GetDateTimeOffset().ShouldBeGreaterThan(accepted.Json.GetProperty("received_time").GetDateTimeOffset());
        accepted.Json.TryGetProperty("processor_signature", out _).ShouldBeFalse();

        ShouldBeSigned(await service.StandsAsync(_id, "in_progress"));
        await Eventually.HoldsAsync(() =>
        {
            CallbacksOf(_id).Count.ShouldBe(1);
            return Task.CompletedTask;
        });
        var tasks = (await service.Others.HearAsync(_subject, 3)).Where(m => m.Type == Contracts.ErasureTaskDispatchedV1.Type).ToList();
        (await service.SendAsync(HttpMethod.Delete, $"/v2/requests/{_id}")).Reason.ShouldBe("not_pending");
        var erasure = tasks[0].DataAs<Contracts.ErasureTaskDispatchedV1>().Request;
        await service.Others.AnswerAsync("consent", _subject, erasure);
        await service.Others.AnswerAsync("marketing-preference", _subject, erasure);
        await service.StandsAsync(_id, "completed");
        (await service.SendAsync(HttpMethod.Get, $"/v2/status/{_id}")).Json.GetProperty("request_status").GetString().ShouldBe("completed");

        await Eventually.HoldsAsync(() =>
        {
            CallbacksOf(_id).Select(c => c.GetProperty("request_status").GetString()).ShouldBe(["in_progress", "completed"]);
            return Task.CompletedTask;
        });
        foreach (var (signed, headers) in service.Called)
        {
            headers["X-OpenDSR-Processor-Domain"].ShouldBe("localhost");
            Verify(signed, headers["X-OpenDSR-Signature"]).ShouldBeTrue();
            headers["X-OpenGDPR-Signature"].ShouldBe(headers["X-OpenDSR-Signature"]);
        }

        CallbacksOf(_id)[0].GetProperty("status_callback_url").GetString().ShouldBe(service.Callback);
        await Eventually.HoldsAsync(async () => (await service.DumpAsync()).ShouldContain($"opendsr.forgotten.v1"));
        (await service.DumpAsync()).ShouldNotContain(_address);
        service.Log.ShouldNotContain(_address);
        (await service.SubmitAsync(body)).Status.ShouldBe(201, "who asks again hears the same, also when all is over");

        var certificate = await service.SendAsync(HttpMethod.Get, $"/v1/erasures/{erasure}/certificate");
        certificate.Status.ShouldBe(200, certificate.Text);
        certificate.Json.GetProperty("certificate").GetProperty("systems").EnumerateArray().Select(s => s.GetProperty("system").GetString()).ShouldBe(["consent", "marketing-preference"]);
        certificate.Text.ShouldNotContain(_address);
        var page = await service.SendAsync(HttpMethod.Get, $"/v1/erasures/{erasure}/certificate", accept: "text/html");
        page.Text.ShouldContain("<h1>Certificate of erasure</h1>");
        page.Headers["Content-Security-Policy"].ShouldContain("default-src 'none'");
    }

    [Fact]
    public async Task A_case_of_which_nobody_has_said_whose_it_is_is_due_as_requests_are()
    {
        await service.SubmitAsync(Request());
        await Eventually.HoldsAsync(async () => (await service.CountAsync("select count(*) from dsr_cases where id = @id and lapses_at between now() + interval '20 d' and now() + interval '40 d'", _id)).ShouldBe(1));
        await service.SendAsync(HttpMethod.Delete, $"/v2/requests/{_id}");
        await Eventually.HoldsAsync(async () => (await service.CountAsync("select count(*) from dsr_cases where id = @id and lapses_at is null", _id)).ShouldBe(1));
    }

    [Theory]
    [InlineData("access")]
    [InlineData("portability")]
    public async Task A_copy_is_fetched_by_the_controller_and_not_before_that_is_its_case_forgotten(string type)
    {
        service.Addresses[_address] = [_subject];
        await service.SubmitAsync(Request().Replace("erasure", type, StringComparison.Ordinal));
        var results = $"/v2/requests/{_id}/results";
        var ready = await service.StandsAsync(_id, "completed");
        ready.Json.GetProperty("results_url").GetString().ShouldBe($"https://localhost{results}");
        await Eventually.HoldsAsync(() =>
        {
            CallbacksOf(_id).Where(c => c.GetProperty("request_status").GetString() == "completed").ShouldHaveSingleItem().GetProperty("results_url").GetString().ShouldBe($"https://localhost{results}");
            return Task.CompletedTask;
        });
        await Eventually.HoldsAsync(async () => (await service.CountAsync("select count(*) from dsr_cases where id = @id and due_at is null and not forgotten", _id)).ShouldBe(1, "it was looked at, and waits"));

        foreach (var role in (string?[])[null, "privacy"]) (await service.SendAsync(HttpMethod.Get, results, role: role)).Status.ShouldBe(role is null ? 401 : 403);
        (await service.SendAsync(HttpMethod.Get, results, tenant: "vms", role: "controller")).Reason.ShouldBe("not_found");
        service.IsPreferenceAway = true;
        var away = await service.SendAsync(HttpMethod.Get, results, role: "controller");
        (away.Status, away.Reason, away.Headers.ContainsKey("Retry-After")).ShouldBe((503, "results_unavailable", true));
        ShouldBeSigned(away);
        service.IsPreferenceAway = false;

        var copy = await service.SendAsync(HttpMethod.Get, results, role: "controller");
        copy.Status.ShouldBe(200, copy.Text);
        ShouldBeSigned(copy);
        (copy.Json.GetProperty("subject").GetString(), copy.Json.GetProperty("consents")[0].GetString(), copy.Json.GetProperty("preferences").GetProperty("choices")[0].GetString()).ShouldBe((_subject, "a consent", "a choice"));

        (await service.SendAsync(HttpMethod.Get, results, role: "controller")).Reason.ShouldBe("results_fetched");
        await Eventually.HoldsAsync(async () => (await service.CountAsync("select count(*) from dsr_cases where id = @id and forgotten", _id)).ShouldBe(1));
        var ended = await service.SendAsync(HttpMethod.Get, $"/v2/requests/{_id}");
        (ended.Json.GetProperty("request_status").GetString(), ended.Json.TryGetProperty("results_url", out _)).ShouldBe(("completed", false));
        CallbacksOf(_id).Count(c => c.GetProperty("request_status").GetString() == "completed").ShouldBe(1, "it was told once");
    }

    [Fact]
    public async Task There_is_nothing_to_fetch_of_a_case_that_led_to_no_copy()
    {
        (await service.SendAsync(HttpMethod.Get, $"/v2/requests/{_id}/results", role: "controller")).Reason.ShouldBe("not_found");
        service.Addresses[_address] = [_subject];
        await service.SubmitAsync(Request());
        var running = await service.StandsAsync(_id, "in_progress");
        running.Json.TryGetProperty("results_url", out _).ShouldBeFalse();
        (await service.SendAsync(HttpMethod.Get, $"/v2/requests/{_id}/results", role: "controller")).Reason.ShouldBe("results_not_ready");
    }

    [Fact]
    public async Task The_same_request_again_is_the_same_and_another_under_its_id_is_refused()
    {
        var body = Request();
        var first = await service.SubmitAsync(body);
        var again = await service.SubmitAsync(body);
        again.Json.GetProperty("received_time").GetString().ShouldBe(first.Json.GetProperty("received_time").GetString());
        (await service.SubmitAsync(body.Replace("erasure", "access", StringComparison.Ordinal))).Reason.ShouldBe("subject_request_id_reused");
        (await service.SubmitAsync(body, tenant: "vms")).Reason.ShouldBe("callback_not_allowed", "another controller's hosts are others");
        (await service.SendAsync(HttpMethod.Get, $"/v2/requests/{_id}", tenant: "vms")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task A_pending_request_is_cancelled_and_the_controller_hears_of_it()
    {
        (await service.SubmitAsync(Request())).Status.ShouldBe(201);
        await service.StandsAsync(_id, "pending");
        var cancelled = await service.SendAsync(HttpMethod.Delete, $"/v2/requests/{_id}");
        (cancelled.Status, cancelled.Json.GetProperty("subject_request_id").GetGuid()).ShouldBe((202, _id));
        ShouldBeSigned(cancelled);
        (await service.SendAsync(HttpMethod.Delete, $"/v2/requests/{_id}")).Status.ShouldBe(202, "again");
        await service.StandsAsync(_id, "cancelled");
        await Eventually.HoldsAsync(() =>
        {
            CallbacksOf(_id).ShouldHaveSingleItem().GetProperty("request_status").GetString().ShouldBe("cancelled");
            return Task.CompletedTask;
        });
    }

    [Theory]
    [InlineData(0, "nobody")]
    [InlineData(2, "several")]
    public async Task Where_an_address_does_not_lead_to_one_person_a_person_looks(int people, string reason)
    {
        service.Addresses[_address] = [.. Enumerable.Range(0, people).Select(_ => People.NewSubject().ToString())];
        await service.SubmitAsync(Request());
        await Eventually.HoldsAsync(async () =>
            (await service.SendAsync(HttpMethod.Get, "/v1/opendsr")).Json.EnumerateArray().Where(c => c.GetProperty("id").GetGuid() == _id).Select(c => c.GetProperty("reason").GetString()).ShouldBe([reason]));
        (await service.SendAsync(HttpMethod.Get, $"/v1/opendsr/{_id}/identities")).Json.GetProperty("identities")[0].GetProperty("value").GetString().ShouldBe(_address);
        (await service.SendAsync(HttpMethod.Get, $"/v1/opendsr/{_id}/identities", role: "auditor")).Status.ShouldBe(403);

        if (people == 0)
        {
            (await service.SendAsync(HttpMethod.Post, $"/v1/opendsr/{_id}/match", "{}")).Status.ShouldBe(204);
            await service.StandsAsync(_id, "completed");
            return;
        }

        (await service.SendAsync(HttpMethod.Post, $"/v1/opendsr/{_id}/match", $$"""{"subject":"{{_subject}}"}""")).Status.ShouldBe(204);
        await service.StandsAsync(_id, "in_progress");
        (await service.SendAsync(HttpMethod.Post, $"/v1/opendsr/{_id}/match", "{}")).Json.GetProperty("code").GetString().ShouldBe("dsr_matched");
    }

    [Fact]
    public async Task Who_is_found_under_several_ids_is_one_person()
    {
        var (one, other) = (_subject, People.NewSubject().ToString());
        await service.Others.MergeAsync(one, other);
        await Eventually.HoldsAsync(async () => (await service.SendAsync(HttpMethod.Get, $"/v1/subjects/{one}/holds")).Json.GetProperty("aliases").GetArrayLength().ShouldBe(1));
        service.Addresses[_address] = [one, other];
        await service.SubmitAsync(Request());
        await service.StandsAsync(_id, "in_progress");
        service.Others.HeardOf(other).ShouldBeEmpty("not before the consent service begins");

        var request = (await service.Others.HearAsync(one, 1))[0].DataAs<Contracts.ErasureRequestedV1>().Request;
        await service.Others.SendAsync(OtherSystems.Erased("consent", one, request) with { Type = Contracts.SubjectErasureStartedV1.Type, Data = Contracts.CloudEvent.DataFrom(new Contracts.SubjectErasureStartedV1(request)) });
        (await service.Others.HearAsync(other, 4)).Select(m => m.Type).ShouldBe(
            [Contracts.ErasureRequestedV1.Type, Contracts.ErasurePlannedV1.Type, Contracts.ErasureTaskDispatchedV1.Type, Contracts.ErasureTaskDispatchedV1.Type]);
    }

    [Fact]
    public async Task That_it_is_nobody_is_said_and_not_left_blank()
    {
        service.Addresses[_address] = [];
        await service.SubmitAsync(Request());
        await Eventually.HoldsAsync(async () => (await service.SendAsync(HttpMethod.Get, "/v1/opendsr")).Json.EnumerateArray().Select(c => c.GetProperty("id").GetGuid()).ShouldContain(_id));
        (await service.PostFormAsync($"/desk/cases/{_id}/match", ("subject", " "))).ShouldBe(422);
        (await service.PostFormAsync($"/desk/cases/{_id}/match")).ShouldBe(422);
        await service.StandsAsync(_id, "pending");
        (await service.PostFormAsync($"/desk/cases/{_id}/match", ("nobody", "yes"))).ShouldBeLessThan(400);
        await service.StandsAsync(_id, "completed");
    }

    [Fact]
    public async Task What_the_person_asked_for_before_the_controller_did_no_controller_takes_back()
    {
        service.Addresses[_address] = [_subject];
        (await service.SendAsync(HttpMethod.Post, "/v1/erasures", $$"""{"subject":"{{_subject}}"}""")).Status.ShouldBe(202);
        await service.SubmitAsync(Request());
        await service.StandsAsync(_id, "in_progress");
        (await service.Others.HearAsync(_subject, 3)).Count(m => m.Type == Contracts.ErasureRequestedV1.Type).ShouldBe(1);
        (await service.SendAsync(HttpMethod.Delete, $"/v2/requests/{_id}")).Reason.ShouldBe("not_pending");
    }

    [Fact]
    public async Task While_nobody_can_say_who_it_is_and_after_a_crash_the_request_waits_and_is_not_lost()
    {
        service.Addresses[_address] = [_subject];
        service.IsConsentAway = true;
        (await service.SubmitAsync(Request())).Status.ShouldBe(201);
        await service.RestartAsync();
        await service.StandsAsync(_id, "pending");
        service.IsConsentAway = false;
        await service.StandsAsync(_id, "in_progress");
    }

    [Fact]
    public async Task A_case_whose_key_was_lost_with_the_vault_is_for_a_person_to_look_into()
    {
        (service.Addresses[_address], service.IsConsentAway) = ([_subject], true);
        (await service.SubmitAsync(Request())).Status.ShouldBe(201);
        await service.RestartAsync(() => service.InVaultAsync("delete from subject_keys where stream_id = @id", Place));
        service.IsConsentAway = false;
        await Eventually.HoldsAsync(async () =>
            (await service.SendAsync(HttpMethod.Get, "/v1/opendsr")).Json.EnumerateArray().Where(c => c.GetProperty("id").GetGuid() == _id).Select(c => c.GetProperty("reason").GetString()).ShouldBe(["nobody"]));
        (await service.InVaultAsync("select count(*) from subject_keys where stream_id = @id", Place)).ShouldBe(0, "reading makes no key");
    }

    [Fact]
    public async Task A_start_destroys_again_what_a_restored_vault_has_of_a_case_that_is_over_and_goes_to_no_other()
    {
        (service.Addresses[_address], service.IsConsentAway) = ([], true);
        (await service.SubmitAsync(Request())).Status.ShouldBe(201);
        await service.InVaultAsync($"create table backup as select * from subject_keys where stream_id = @id", Place);
        (await service.SendAsync(HttpMethod.Delete, $"/v2/requests/{_id}")).Status.ShouldBe(202);
        service.IsConsentAway = false;
        await Eventually.HoldsAsync(async () => (await service.CountAsync("select count(*) from dsr_cases where id = @id and forgotten", _id)).ShouldBe(1));

        await service.RestartAsync(() => service.InVaultAsync("delete from subject_keys where stream_id = @id", Place));
        (await service.InVaultAsync("select count(*) from subject_keys where stream_id = @id", Place)).ShouldBe(0, "what has no key costs a start nothing");
        await service.RestartAsync(() => service.InVaultAsync("insert into subject_keys select * from backup where stream_id = @id", Place));
        (await service.InVaultAsync("select count(*) from subject_keys where stream_id = @id and wrapped is null", Place)).ShouldBe(1);
        await service.InVaultAsync("drop table backup", Place);
    }

    [Fact]
    public async Task A_case_that_waits_for_others_is_looked_at_by_nobody_until_something_brings_it_on()
    {
        service.Addresses[_address] = [];
        await service.SubmitAsync(Request());
        await RestsAsync();
        (await service.SendAsync(HttpMethod.Post, $"/v1/opendsr/{_id}/match", $$"""{"subject":"{{_subject}}"}""")).Status.ShouldBe(204);
        await service.StandsAsync(_id, "in_progress");
        await RestsAsync();
        var erasure = (await service.Others.HearAsync(_subject, 3)).First(m => m.Type == Contracts.ErasureTaskDispatchedV1.Type).DataAs<Contracts.ErasureTaskDispatchedV1>().Request;
        foreach (var system in (string[])["consent", "marketing-preference"]) await service.Others.AnswerAsync(system, _subject, erasure);
        await Eventually.HoldsAsync(() =>
        {
            CallbacksOf(_id).Select(c => c.GetProperty("request_status").GetString()).ShouldBe(["in_progress", "completed"]);
            return Task.CompletedTask;
        });

        Task RestsAsync() => Eventually.HoldsAsync(async () => (await service.CountAsync("select count(*) from dsr_cases where id = @id and due_at is null", _id)).ShouldBe(1));
    }

    [Fact]
    public async Task A_controller_that_gave_its_own_id_needs_no_address()
    {
        await service.SubmitAsync(Request().Replace("\"email\"", "\"controller_customer_id\"", StringComparison.Ordinal).Replace(_address, _subject, StringComparison.Ordinal));
        await service.StandsAsync(_id, "in_progress");
        await service.Others.HearAsync(_subject, 1);
    }

    [Fact]
    public async Task The_route_of_before_the_renaming_is_answered_under_its_names()
    {
        var answer = await service.SubmitAsync(Request(), "/v1/opengdpr_requests");
        answer.Status.ShouldBe(201);
        answer.Headers["X-OpenGDPR-Processor-Domain"].ShouldBe("localhost");
        Verify(answer.Body, answer.Headers["X-OpenGDPR-Signature"]).ShouldBeTrue();
        (await service.SendAsync(HttpMethod.Get, $"/v1/opengdpr_requests/{_id}")).Status.ShouldBe(200);
        (await service.SendAsync(HttpMethod.Delete, $"/v1/opengdpr_requests/{Four()}")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task What_is_wrong_is_said_as_the_specification_has_it()
    {
        var wrong = await service.SubmitAsync("""{"subject_request_id":"x"}""");
        (wrong.Status, wrong.Json.GetProperty("error").GetProperty("code").GetInt32()).ShouldBe((400, 400));
        wrong.Json.GetProperty("error").GetProperty("errors").GetArrayLength().ShouldBeGreaterThan(2);
        ShouldBeSigned(wrong);
        (await service.SubmitAsync(Request().Replace("\"raw\"", "\"sha256\"", StringComparison.Ordinal))).Reason.ShouldBe("identity_unsupported");
        (await service.SubmitAsync(Request().Replace("localhost", "169.254.169.254", StringComparison.Ordinal))).Reason.ShouldBe("callback_not_allowed");
        (await service.SendAsync(HttpMethod.Get, $"/v2/requests/{_id}")).Status.ShouldBe(404);
        (await service.SubmitAsync(Request(), role: "auditor")).Status.ShouldBe(403);
        (await service.SubmitAsync(Request(), role: null)).Status.ShouldBe(401);
    }

    private Guid Place => DsrCase.KeyOf(TenantId.Parse(DsrService.Tenant), _id).Id.Value;

    private static Guid Four()
    {
        var bytes = RandomNumberGenerator.GetBytes(16);
        (bytes[6], bytes[8]) = ((byte)((bytes[6] & 0x0F) | 0x40), (byte)((bytes[8] & 0x3F) | 0x80));
        return new Guid(bytes, bigEndian: true);
    }

    private string Request() => JsonSerializer.Serialize(new
    {
        regulation = "gdpr",
        subject_request_id = _id,
        subject_request_type = "erasure",
        submitted_time = "2026-01-02T15:00:00Z",
        subject_identities = new[] { new { identity_type = "email", identity_value = _address, identity_format = "raw" } },
        api_version = "2.0",
        status_callback_urls = new[] { service.Callback },
    });

    private IReadOnlyList<JsonElement> CallbacksOf(Guid id) =>
        [.. service.Called.Select(c => JsonDocument.Parse(c.Body).RootElement).Where(c => c.GetProperty("subject_request_id").GetGuid() == id)];

    private void ShouldBeSigned(DsrAnswer answer)
    {
        answer.Headers["X-OpenDSR-Processor-Domain"].ShouldBe("localhost");
        Verify(answer.Body, answer.Headers["X-OpenDSR-Signature"]).ShouldBeTrue();
    }

    private bool Verify(byte[] body, string signature)
    {
        using var certificate = service.Certificate;
        using var key = System.Security.Cryptography.X509Certificates.RSACertificateExtensions.GetRSAPublicKey(certificate)!;
        return key.VerifyData(body, Convert.FromBase64String(signature), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }
}
