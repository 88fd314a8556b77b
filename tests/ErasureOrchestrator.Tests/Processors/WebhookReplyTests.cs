using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.Processors;
using ConsentLedger.ErasureOrchestrator.Tests.OpenDsr;
using ConsentLedger.EventStore;

namespace ConsentLedger.ErasureOrchestrator.Tests.Processors;

/// <summary>The running service, a webhook that takes its time, and others who answer in its name.</summary>
public sealed class WebhookReplyTests(DsrService service) : IClassFixture<DsrService>
{
    private readonly string _subject = People.NewSubject().ToString();

    [Fact]
    public async Task A_webhook_answers_later_and_only_its_own_signature_counts()
    {
        var configured = await service.SendAsync(
            HttpMethod.Put, "/v1/processors/crm", JsonSerializer.Serialize(new { name = "A CRM", kind = "webhook", endpoint = service.Hook, secret = "crm" }), role: "operator");
        configured.Status.ShouldBe(200, configured.Text);
        var asked = await service.SendAsync(HttpMethod.Post, "/v1/erasures", JsonSerializer.Serialize(new { subject = _subject, identities = new[] { new { type = "email", value = "canary.hooked@example.org", format = "raw" } } }));
        var request = asked.Json.GetProperty("id").GetGuid();
        await Eventually.HoldsAsync(() =>
        {
            service.Hooked.Any(h => h.GetProperty("request").GetGuid() == request).ShouldBeTrue();
            return Task.CompletedTask;
        });
        var told = service.Hooked.First(h => h.GetProperty("request").GetGuid() == request);
        told.GetProperty("identities")[0].GetProperty("value").GetString().ShouldBe("canary.hooked@example.org");
        var path = new Uri(told.GetProperty("callbackUrl").GetString()!).AbsolutePath;

        const string Done = """{"outcome":"erased"}""";
        (await ReplyAsync(path, "1", Done, secret: "another")).ShouldBe(403);
        (await ReplyAsync(path, "1", Done, age: 301)).ShouldBe(403);
        (await ReplyAsync(path, "1", Done, signed: """{"outcome":"kept"}""")).ShouldBe(403);
        (await ReplyAsync(path.Replace("quintus", "vms", StringComparison.Ordinal), "1", Done)).ShouldBe(403);
        (await ReplyAsync(path.Replace("/crm", "/other", StringComparison.Ordinal), "1", Done)).ShouldBe(403);
        (await service.SendAsync(HttpMethod.Post, path, Done, role: null)).Status.ShouldBe(403);
        (await ReplyAsync(path, "1", """{"outcome":"erased","refused":"no"}""")).ShouldBe(400);
        (await ReplyAsync(path.Replace($"{request}", $"{People.NewId()}", StringComparison.Ordinal), "1", Done)).ShouldBe(422);
        (await ReplyAsync(path, "1", Done, of: path.Replace($"{request}", $"{People.NewId()}", StringComparison.Ordinal))).ShouldBe(403, "what was signed for one task is no answer to another");
        (await ReplyAsync(path, "4", """{"outcome":"provided"}""")).ShouldBe(422);
        (await ReplyAsync(path, "5", """{"outcome":"kept"}""")).ShouldBe(422);
        (await TaskAsync(request)).TryGetProperty("outcome", out _).ShouldBeFalse();

        (await ReplyAsync(path, "2", Done)).ShouldBe(202);
        (await TaskAsync(request)).GetProperty("outcome").GetString().ShouldBe("erased");
        (await ReplyAsync(path, "2", Done)).ShouldBe(202, "the same again is one");
        (await ReplyAsync(path, "2", """{"outcome":"kept","reason":"legal-claims"}""")).ShouldBe(409);
        (await ReplyAsync(path, "3", """{"outcome":"kept","reason":"legal-claims"}""")).ShouldBe(202, "a contradiction is recorded");
        (await TaskAsync(request)).GetProperty("outcome").GetString().ShouldBe("erased", "and undoes nothing");
        service.Log.ShouldNotContain("canary.hooked");
    }

    private async Task<JsonElement> TaskAsync(Guid request) =>
        (await service.SendAsync(HttpMethod.Get, $"/v1/erasures/{request}")).Json.GetProperty("tasks").EnumerateArray().Single(t => t.GetProperty("system").GetString() == "crm");

    private async Task<int> ReplyAsync(string path, string id, string body, string secret = DsrService.Secret, int age = 0, string? signed = null, string? of = null)
    {
        var named = (of ?? path).Split('/');
        id = $"{CallbackUrls.DsrIdOf(TenantId.Parse(named[^3]), Guid.Parse(named[^2]), named[^1])}.{id}";
        var time = TimeProvider.System.GetUtcNow().AddSeconds(-age).ToUnixTimeSeconds();
        var signature = Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{id}.{time}.{signed ?? body}")));
        return (await service.SendAsync(HttpMethod.Post, path, body, role: null, headers: [("webhook-id", id), ("webhook-timestamp", $"{time}"), ("webhook-signature", $"v1,{signature}")])).Status;
    }
}
