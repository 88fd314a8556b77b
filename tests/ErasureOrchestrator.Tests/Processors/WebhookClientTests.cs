using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Processors;
using static ConsentLedger.ErasureOrchestrator.Tests.Processors.CallingProcessors;
using static ConsentLedger.ErasureOrchestrator.Tests.Processors.UnreliableProcessorTests;

namespace ConsentLedger.ErasureOrchestrator.Tests.Processors;

public sealed class WebhookClientTests : IAsyncDisposable
{
    private readonly CallingProcessors _here = new();

    [Fact]
    public async Task A_call_is_signed_as_Standard_Webhooks_has_it_and_every_attempt_has_the_same_id()
    {
        var processor = await _here.StartProcessorAsync();
        processor.Before = context => AnswerAsync(context, """{"outcome":"erased"}""");
        await _here.SendAsync(CallOf(Crm(processor)));
        await _here.SendAsync(CallOf(Crm(processor), attempt: 2, reference: "job-7"));

        foreach (var (_, _, body, headers) in processor.Heard)
        {
            // Computed by hand from the published text, not by the code that signs.
            var signed = Encoding.UTF8.GetBytes($"{headers["webhook-id"]}.{headers["webhook-timestamp"]}.{Encoding.UTF8.GetString(body)}");
            headers["webhook-signature"].ShouldBe("v1," + Convert.ToBase64String(HMACSHA256.HashData(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray(), signed)));
        }

        processor.Heard.Select(h => h.Headers["webhook-id"]).Distinct().ShouldHaveSingleItem();
        var told = JsonDocument.Parse(processor.Heard.First().Body).RootElement;
        told.GetProperty("type").GetString().ShouldBe("erasure");
        told.GetProperty("identities")[0].GetProperty("value").GetString().ShouldBe(Canary);
        told.GetProperty("dueOn").GetString().ShouldBe("2026-02-28");
        told.GetProperty("callbackUrl").GetString().ShouldBe($"https://erasure.test/v1/processor-callbacks/webhook/quintus/{People.Request}/crm");
        JsonDocument.Parse(processor.Heard.Last().Body).RootElement.GetProperty("reference").GetString().ShouldBe("job-7");
    }

    public static TheoryData<int, string, TaskReply> Answers => new()
    {
        { 200, """{"outcome":"erased"}""", new TaskReply.Done(TaskOutcome.Erased, null) },
        { 200, """{"outcome":"kept","reason":"legal-obligation"}""", new TaskReply.Done(TaskOutcome.Kept, "legal-obligation") },
        { 202, """{"reference":"job-7","expectedBy":"2026-02-03T10:00:00+01:00"}""", new TaskReply.Accepted("job-7", new DateTimeOffset(2026, 2, 3, 9, 0, 0, TimeSpan.Zero)) },
        { 202, "{}", new TaskReply.Accepted(null, null) },
        { 204, "", new TaskReply.Accepted(null, null) },
        { 200, "", new TaskReply.Accepted(null, null) },
        { 422, """{"refused":"not-ours"}""", new TaskReply.Refused("not-ours") },
        { 422, "no", new TaskReply.Unreachable("status-422", null) },
        { 422, "", new TaskReply.Unreachable("status-422", null) },
        { 400, "", new TaskReply.Unreachable("status-400", null) },
        { 400, """{"refused":"not-ours"}""", new TaskReply.Unreachable("status-400", null) },
        { 202, """{"reference":"batch/7"}""", new TaskReply.Accepted("batch/7", null) },
        { 202, """{"reference":"/7"}""", new TaskReply.Unreachable("answer-malformed", null) },
        { 401, "", new TaskReply.Unreachable("status-401", null) },
        { 422, """{"outcome":"erased"}""", new TaskReply.Unreachable("answer-malformed", null) },
        { 200, """{"outcome":"vanished"}""", new TaskReply.Unreachable("answer-malformed", null) },
        { 200, """{"outcome":"erased","refused":"no"}""", new TaskReply.Unreachable("answer-malformed", null) },
        { 200, """{"outcome":"kept","reason":"because canary.called@example.org owes us"}""", new TaskReply.Unreachable("answer-malformed", null) },
        { 200, """{"reference":"canary.called@example.org"}""", new TaskReply.Unreachable("answer-malformed", null) },
        { 200, """{"outcome":"provided","resultsUrl":"https://crm.example/exports/7","resultsCount":3}""", new TaskReply.Done(TaskOutcome.Provided, null, new SystemResults(new Uri("https://crm.example/exports/7"), 3)) },
        { 200, """{"outcome":"erased","resultsUrl":"https://crm.example/exports/7"}""", new TaskReply.Unreachable("answer-malformed", null) },
        { 200, """{"outcome":"provided","resultsUrl":"ftp://crm.example/exports/7"}""", new TaskReply.Unreachable("answer-malformed", null) },
        { 200, """{"outcome":"provided","resultsCount":3}""", new TaskReply.Unreachable("answer-malformed", null) },
        { 200, "<html>", new TaskReply.Unreachable("answer-malformed", null) },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task What_it_says_is_what_it_comes_to(int status, string body, TaskReply reply)
    {
        var processor = await _here.StartProcessorAsync();
        processor.Before = context => status == 204 ? Empty(context) : AnswerAsync(context, body, status);
        (await _here.SendAsync(CallOf(Crm(processor)))).ShouldBe(reply);

        static Task<bool> Empty(Microsoft.AspNetCore.Http.HttpContext context)
        {
            context.Response.StatusCode = 204;
            return Task.FromResult(true);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("unknown")]
    public async Task Without_a_secret_nobody_is_told_anything(string? secret)
    {
        var processor = await _here.StartProcessorAsync();
        (await _here.SendAsync(CallOf(Crm(processor, secret: secret)))).ShouldBe(new TaskReply.Unreachable("secret-missing", null));
        processor.Heard.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("whsec_")]
    [InlineData("whsec_c2hvcnQ=")]
    [InlineData("whsec_no base64 at all, however long it is")]
    [InlineData("known to everybody")]
    public async Task A_secret_that_can_be_guessed_is_none(string secret)
    {
        await using var here = new CallingProcessors(("Processors:Secrets:quintus:crm", secret));
        var processor = await here.StartProcessorAsync();
        (await here.SendAsync(CallOf(Crm(processor)))).ShouldBe(new TaskReply.Unreachable("secret-unfit", null));
        processor.Heard.ShouldBeEmpty();
    }

    [Fact]
    public void A_signature_holds_for_its_id_time_and_body_and_for_five_minutes()
    {
        var (key, body, now) = ("a secret"u8.ToArray(), "{}"u8.ToArray(), new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero));
        var (time, signature) = ($"{now.ToUnixTimeSeconds()}", WebhookSignature.Sign(key, "id", now.ToUnixTimeSeconds(), body));
        WebhookSignature.Verifies(key, "id", time, $"v1,b3RoZXI= {signature}", body, now).ShouldBeTrue();
        WebhookSignature.Verifies(key, "id", time, signature, body, now.AddMinutes(5)).ShouldBeTrue();

        WebhookSignature.Verifies(key, "id", time, signature, body, now.AddMinutes(5).AddSeconds(1)).ShouldBeFalse();
        WebhookSignature.Verifies(key, "id", time, signature, body, now.AddMinutes(-6)).ShouldBeFalse();
        WebhookSignature.Verifies(key, "other", time, signature, body, now).ShouldBeFalse();
        WebhookSignature.Verifies(key, "id", $"{now.ToUnixTimeSeconds() + 1}", signature, body, now).ShouldBeFalse();
        WebhookSignature.Verifies(key, "id", time, signature, "[]"u8, now).ShouldBeFalse();
        WebhookSignature.Verifies("another"u8, "id", time, signature, body, now).ShouldBeFalse();
        WebhookSignature.Verifies(key, "id", time, "", body, now).ShouldBeFalse();
        WebhookSignature.Verifies(key, "id", "now", signature, body, now).ShouldBeFalse();
    }

    public ValueTask DisposeAsync() => _here.DisposeAsync();
}
