using ConsentLedger.Contracts;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>The running service, over HTTP and RabbitMQ.</summary>
public sealed class ErasureTests(Orchestrator orchestrator) : IClassFixture<Orchestrator>
{
    private readonly string _subject = People.NewSubject().ToString();

    private OtherSystems Others => orchestrator.Others;

    [Theory]
    [InlineData("consent", "marketing-preference")]
    [InlineData("marketing-preference", "consent")]
    public async Task An_erasure_goes_round_in_whatever_order_the_systems_answer(string first, string last)
    {
        var accepted = await orchestrator.RequestAsync(_subject);
        (accepted.Status, accepted.State, accepted.Location).ShouldBe((202, "running", $"/v1/erasures/{accepted.Id}"));
        accepted.Id.Version.ShouldBe(7);

        var running = await orchestrator.GetAsync(accepted.Location!, role: "auditor");
        (running.Status, running.State).ShouldBe((200, "running"));
        running.Json.GetProperty("subject").GetString().ShouldBe(_subject);
        running.Json.GetProperty("reason").GetString().ShouldBe("consent-withdrawn");
        running.Json.GetProperty("dueOn").GetDateTime().ShouldBe(running.Json.GetProperty("receivedAt").GetDateTime().Date.AddMonths(1));
        running.TaskOf(first).GetProperty("state").GetString().ShouldBe("dispatched");
        running.TaskOf(first).TryGetProperty("completedAt", out _).ShouldBeFalse();

        (await Others.HearAsync(_subject, 4)).Select(m => m.Type).ShouldBe([ErasureRequestedV1.Type, ErasurePlannedV1.Type, ErasureTaskDispatchedV1.Type, ErasureTaskDispatchedV1.Type]);
        foreach (var dispatched in Others.HeardOf(_subject).Skip(2)) dispatched.DataAs<ErasureTaskDispatchedV1>().Request.ShouldBe(accepted.Id);

        await Others.AnswerAsync(first, _subject, accepted.Id);
        await Others.HearAsync(_subject, 5);
        (await orchestrator.GetAsync(accepted.Location!)).State.ShouldBe("running");

        await Others.AnswerAsync(last, _subject, accepted.Id);
        var completed = await orchestrator.CompletedAsync(accepted.Id);
        completed.TaskOf(last).GetProperty("outcome").GetString().ShouldBe("erased");
        completed.TaskOf(last).GetProperty("attempts").GetInt32().ShouldBe(1);
        completed.Json.GetProperty("completedAt").GetDateTimeOffset().ShouldBe(completed.TaskOf(last).GetProperty("completedAt").GetDateTimeOffset());

        (await Others.HearAsync(_subject, 7)).Skip(4).Select(m => m.Type).ShouldBe([ErasureTaskCompletedV1.Type, ErasureTaskCompletedV1.Type, ErasureCompletedV1.Type]);
        Others.HeardOf(_subject).ShouldAllBe(m => m.Tenant == "quintus" && m.Source == "https://consentledger/erasure-orchestrator");
    }

    [Fact]
    public async Task Whoever_asks_again_hears_of_the_same_request()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => orchestrator.RequestAsync(_subject)));
        answers.ShouldAllBe(a => a.Status == 202);
        var request = answers.Select(a => a.Id).Distinct().ShouldHaveSingleItem();

        await CompleteAsync(request);
        var late = await orchestrator.RequestAsync(_subject);
        (late.Status, late.State, late.Id, late.Location).ShouldBe((200, "completed", request, $"/v1/erasures/{request}"));
        Others.HeardOf(_subject).Count.ShouldBe(7);
    }

    [Fact]
    public async Task The_same_idempotency_key_asks_once_and_for_one_person_only()
    {
        var key = People.NewId().ToString();
        var first = await orchestrator.RequestAsync(_subject, key: key);
        (await orchestrator.RequestAsync(_subject, key: key)).Id.ShouldBe(first.Id);
        var other = await orchestrator.RequestAsync(People.NewSubject().ToString(), key: key);
        (other.Status, other.Code).ShouldBe((409, "idempotency_key_reused"));
    }

    [Fact]
    public async Task What_the_certificate_states_is_recorded_once_whether_or_not_anybody_asks_for_it()
    {
        var request = (await orchestrator.RequestAsync(_subject)).Id;
        (await orchestrator.GetAsync($"/v1/erasures/{request}")).Json.TryGetProperty("certificate", out _).ShouldBeFalse();
        await CompleteAsync(request);
        string? recorded = null;
        await Eventually.HoldsAsync(async () => (recorded = (await orchestrator.GetAsync($"/v1/erasures/{request}")).Json.TryGetProperty("certificate", out var sha256) ? sha256.GetString() : null).ShouldNotBeNull());
        (await orchestrator.CompletedAsync(request)).State.ShouldBe("completed");

        for (var time = 0; time < 2; time++)
        {
            var (status, file) = await orchestrator.GetPageAsync($"/v1/erasures/{request}/certificate", tenant: "quintus");
            status.ShouldBe(200, file);
            var stated = System.Text.Json.JsonDocument.Parse(file).RootElement.GetProperty("certificate").GetRawText();
            Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(stated))).ShouldBe(recorded);
        }

        (await orchestrator.QueryAsync("select count(*) from mt_events where type = 'erasure.certified.v1' and data->>'request' = @id::text", request)).ShouldBe(1);
        (await orchestrator.QueryAsync("select count(*) from erasure_requests where request = @id and certified and state = 'completed'", request)).ShouldBe(1);
    }

    [Fact]
    public async Task Repeated_answers_complete_a_task_once()
    {
        var request = (await orchestrator.RequestAsync(_subject)).Id;
        var answer = OtherSystems.Erased("consent", _subject, request);
        for (var time = 0; time < 3; time++) await Others.SendAsync(answer);
        await Others.AnswerAsync("consent", _subject, request);
        await CompleteAsync(request);
        await Others.SendAsync(answer);
        await Others.AnswerAsync("marketing-preference", _subject, request);

        await SettleAsync();
        Others.HeardOf(_subject).Count.ShouldBe(7);
    }

    [Fact]
    public async Task An_answer_that_nobody_asked_for_is_parked_and_stands_in_nobodys_way()
    {
        await Others.AnswerAsync("consent", _subject, People.NewId());
        (await Others.ParkedCodeAsync("erasure.from-consent")).ShouldBe("erasure_unknown");

        var request = (await orchestrator.RequestAsync(_subject)).Id;
        await Others.AnswerAsync("consent", People.NewSubject().ToString(), request);
        (await Others.ParkedCodeAsync("erasure.from-consent")).ShouldBe("erasure_unknown");
        await Others.SendAsync(OtherSystems.Erased("marketing-preference", _subject, request, tenant: "vms"));
        (await Others.ParkedCodeAsync("erasure.from-marketing")).ShouldBe("erasure_unknown");
        (await orchestrator.GetAsync($"/v1/erasures/{request}")).TaskOf("consent").GetProperty("state").GetString().ShouldBe("dispatched");

        await CompleteAsync(request);
    }

    [Fact]
    public async Task What_is_no_answer_is_parked_with_its_reason()
    {
        var request = (await orchestrator.RequestAsync(_subject)).Id;
        var answer = OtherSystems.Erased("marketing-preference", _subject, request);
        foreach (var (message, code) in (IEnumerable<(CloudEvent, string)>)
        [
            (answer with { Tenant = null }, "tenant_invalid"),
            (answer with { Subject = "someone" }, "subject_id_invalid"),
            (answer with { Source = "https://elsewhere.example/" }, "source_unknown"),
            (answer with { Data = default }, "data_invalid"),
            (answer with { Data = CloudEvent.DataFrom(new { request = "1" }) }, "data_invalid"),
        ])
        {
            await Others.SendAsync(message);
            (await Others.ParkedCodeAsync("erasure.from-marketing")).ShouldBe(code);
        }

        await Others.SendAsync(answer);
        await Others.SendAsync(answer with { Data = CloudEvent.DataFrom(new SubjectErasedV1(People.NewId())) });
        (await Others.ParkedCodeAsync("erasure.from-marketing")).ShouldBe("message_id_reused");
        await Others.SendAsync(Exchanges.MarketingEvents, "hello"u8.ToArray());
        (await Others.ParkedCodeAsync("erasure.from-marketing")).ShouldBe("not_json");
        await CompleteAsync(request);
    }

    [Fact]
    public async Task Another_tenant_neither_sees_a_request_nor_shares_it()
    {
        var request = await orchestrator.RequestAsync(_subject);
        (await orchestrator.GetAsync(request.Location!, tenant: "vms")).Code.ShouldBe("not_found");
        var disguised = await orchestrator.GetAsync(request.Location!, tenant: "vms", headers: ("X-Tenant", "quintus"));
        (disguised.Status, disguised.Code).ShouldBe((403, "tenant_mismatch"));
        (await orchestrator.RequestAsync(_subject, tenant: "vms")).Id.ShouldNotBe(request.Id);
    }

    [Fact]
    public async Task Each_act_needs_its_scope()
    {
        (await orchestrator.RequestAsync(_subject, role: "auditor")).Code.ShouldBe("scope_missing");
        (await orchestrator.RequestAsync(_subject, role: "backend")).Code.ShouldBe("scope_missing");
        (await orchestrator.PostAsync(new { subject = _subject }, role: null)).Code.ShouldBe("token_missing");
        var request = await orchestrator.RequestAsync(_subject);
        (await orchestrator.GetAsync(request.Location!, role: "backend")).Code.ShouldBe("scope_missing");
    }

    [Theory]
    [InlineData("""{"subject":"someone@example.com"}""", "subject_id_invalid")]
    [InlineData("""{"reason":"objection"}""", "body_invalid")]
    [InlineData("""{"subject":"0199aa00-0000-7000-8000-000000000001","reason":"He wrote that he is ill"}""", "body_invalid")]
    [InlineData("""{"subject":"0199aa00-0000-7000-8000-000000000001","name":"Ada"}""", "body_unknown_member")]
    public async Task What_is_no_request_is_refused(string body, string code)
    {
        var answer = await orchestrator.PostAsync(System.Text.Json.JsonSerializer.Deserialize<System.Text.Json.JsonElement>(body));
        (answer.Status, answer.Code).ShouldBe((400, code));
    }

    [Fact]
    public async Task An_unknown_request_is_not_found()
    {
        foreach (var id in (string[])[$"{People.NewId()}", _subject, "1"])
        {
            var answer = await orchestrator.GetAsync($"/v1/erasures/{id}");
            (answer.Status, answer.Code).ShouldBe((404, "not_found"));
        }
    }

    private async Task CompleteAsync(Guid request)
    {
        foreach (var system in (string[])["consent", "marketing-preference"]) await Others.AnswerAsync(system, _subject, request);
        await orchestrator.CompletedAsync(request);
        await Others.HearAsync(_subject, 7);
    }

    /// <summary>Both queues are read in order, so what came before a message that is seen to be handled was handled as well.</summary>
    private async Task SettleAsync()
    {
        var other = People.NewSubject().ToString();
        var request = (await orchestrator.RequestAsync(other)).Id;
        foreach (var system in (string[])["consent", "marketing-preference"]) await Others.AnswerAsync(system, other, request);
        await orchestrator.CompletedAsync(request);
        await Others.HearAsync(other, 7);
    }
}
