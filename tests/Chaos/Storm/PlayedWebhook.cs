using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Support;
using Microsoft.AspNetCore.Http;

namespace ConsentLedger.Chaos.Storm;

/// <summary>Has no OpenDSR, and takes signed calls. It knows more words than that, so this is the one that lies.</summary>
/// <param name="types">That it has a part in.</param>
internal sealed class PlayedWebhook(string name, Manner manner, string[] types, string tenant, MovableClock clock, int seed, CancellationToken ct) : PlayedProcessor(name, manner, clock, seed, ct)
{
    private static readonly string StrangersKey = StrangersRsa();

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

    /// <summary>As it is handed to the service.</summary>
    public string Secret => $"whsec_{Convert.ToBase64String(_key)}";

    public override object Entry => new { name = Name, kind = "webhook", endpoint = new Uri(Url, "hook"), secret = Name, types };

    protected override Answer AnswerTo(HttpRequest request, byte[] body)
    {
        var (id, time) = (request.Headers["webhook-id"].ToString(), request.Headers["webhook-timestamp"].ToString());
        if (request.Headers["webhook-signature"] != Signature(_key, id, time, body))
        {
            Wrongs.Enqueue($"{Name} was called by somebody without the secret");
            return new Answer(401, []);
        }

        var told = JsonDocument.Parse(body).RootElement;
        var (task, isNew) = Told(id, told.GetProperty("request").GetGuid(), told.GetProperty("subject").GetString()!, told.GetProperty("type").GetString()!);
        var url = told.GetProperty("callbackUrl").GetString()!;
        if (isNew) TellLater(task, url);
        if (Manner.Lies && task.Tellings < 4 && Chance(2) == 0) return Lie(task.Type);
        if (Now >= task.DoneAt || (task.Tellings == 1 && Manner.TakesHours < 24 && Chance(3) == 0)) return Say(task);
        return Chance(2) == 0 ? new Answer(200, []) : Json(200, new JsonObject { ["reference"] = $"job-{id[..8]}", ["expectedBy"] = task.DoneAt.ToString("O") });
    }

    protected override Word TruthOf(string type) => (type, Chance(10)) switch
    {
        (_, 0) => new Word("nothing-held"),
        (_, 1) => new Word("refused", "not-ours"),
        ("erasure", 2) => new Word("kept", "legal-obligation"),
        ("erasure", 3) => new Word("partly-erased", "third-party"),
        ("erasure", _) => new Word("erased"),
        ("rectification", _) => new Word("corrected"),
        ("restriction", _) => new Word("restricted"),
        _ => new Word("provided"),
    };

    private Answer Say(PlayedTask task)
    {
        task.Say(task.Truth);
        return Json(task.Truth.Outcome == "refused" && Chance(2) == 0 ? 422 : 200, BodyOf(task.Truth));
    }

    private void TellLater(PlayedTask task, string url)
    {
        if (Manner.Lies) LieLater(task, url);
        if (Chance(2) == 0) return;
        Later(task.DoneAt, async () =>
        {
            // The same again, and at the same time.
            await Task.WhenAll(Enumerable.Range(0, 1 + Chance(2)).Select(_ => SayAsync(task, task.Truth, () => Callback(url, $"{task.Reference}.done", BodyOf(task.Truth)))));
            if (Chance(3) == 0) Later(Now.AddHours(Chance(72)), () => SayAsync(task, task.Truth, () => Callback(url, $"{task.Reference}.late", BodyOf(task.Truth))));
        });
    }

    /// <summary>What it answers to a call, and nobody can take it for an answer.</summary>
    private Answer Lie(string type) => Chance(5) switch
    {
        0 => Json(200, new JsonObject { ["outcome"] = CannotBe(type) }),
        1 => Json(200, new JsonObject { ["outcome"] = "refused" }),
        2 => Json(200, new JsonObject { ["outcome"] = "nothing-held", ["refused"] = "not-ours" }),
        3 => Json(422, new JsonObject { ["outcome"] = "nothing-held" }),
        _ => new Answer(200, "<p>Done!</p>"u8.ToArray()),
    };

    private void LieLater(PlayedTask task, string url)
    {
        Later(Now.AddMinutes(Chance(600)), async () =>
        {
            var (truth, reference, stranger) = (BodyOf(task.Truth), task.Reference, Guid.CreateVersion7(TimeProvider.System.GetUtcNow()));
            string OfStranger(string of) => of.Replace($"{task.Request}", $"{stranger}", StringComparison.Ordinal);
            switch (Chance(8))
            {
                case 0:
                    await LieAsync("signed with another secret", () => Callback(url, $"{reference}.lie", truth, RandomNumberGenerator.GetBytes(32)));
                    break;
                case 1:
                    foreach (var other in (string[])["slow", "flaky-hook"])
                        await LieAsync($"in the name of {other}", () => Callback(url.Replace($"/{Name}", $"/{other}", StringComparison.Ordinal), $"{ReferenceOf(task.Request, other)}.lie", truth));
                    break;
                case 2:
                    await LieAsync("of one task at the place of another", () => Callback(OfStranger(url), $"{reference}.lie", truth));
                    break;
                case 3:
                    await LieAsync("of a task that nobody has", () => Callback(OfStranger(url), $"{ReferenceOf(stranger, Name)}.lie", truth));
                    break;
                case 4:
                    await LieAsync("what cannot be", () => Callback(url, $"{reference}.lie", new JsonObject { ["outcome"] = CannotBe(task.Type) }));
                    break;
                case 5:
                    await LieAsync("refused for no reason", () => Callback(url, $"{reference}.lie", new JsonObject { ["outcome"] = "refused" }));
                    break;
                case 6:
                    foreach (var other in (string[])["dead", "flaky-dsr"])
                    {
                        var theirs = url.Replace("/webhook/", "/opendsr/", StringComparison.Ordinal).Replace($"/{Name}", $"/{other}", StringComparison.Ordinal);
                        await LieAsync($"in the name of {other}", () => PlayedOpenDsr.Callback(theirs, Completed(ReferenceOf(task.Request, other)), StrangersKey));
                    }

                    break;
                default:
                    // A contradiction, rightly signed: it says so itself. Then the same name for two words.
                    await SayAsync(task, OtherThan(task.Truth), () => Callback(url, $"{reference}.other", BodyOf(OtherThan(task.Truth))));
                    await LieAsync("another word under a name that was used", () => Callback(url, $"{reference}.other", truth));
                    break;
            }
        });
    }

    private static string CannotBe(string type) => type == "erasure" ? "restricted" : "erased";

    private static Word OtherThan(Word truth) => truth.Outcome == "nothing-held" ? new Word("refused", "changed-our-mind") : new Word("nothing-held");

    private static JsonObject Completed(string reference) => new()
    {
        ["controller_id"] = "a-controller",
        ["expected_completion_time"] = "2027-01-02T03:04:05Z",
        ["subject_request_id"] = reference,
        ["request_status"] = "completed",
    };

    /// <summary>How references are made is no secret.</summary>
    private string ReferenceOf(Guid request, string system)
    {
        var id = SHA256.HashData(Encoding.UTF8.GetBytes($"opendsr task|{tenant}|{request:D}|{system}")).AsSpan(0, 16);
        id[6] = (byte)((id[6] & 0x0F) | 0x40);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        return new Guid(id, bigEndian: true).ToString("D");
    }

    private static JsonObject BodyOf(Word word) => word switch
    {
        { Outcome: "refused" } => new JsonObject { ["refused"] = word.Reason },
        { Reason: { } reason } => new JsonObject { ["outcome"] = word.Outcome, ["reason"] = reason },
        _ => new JsonObject { ["outcome"] = word.Outcome },
    };

    private static Answer Json(int status, JsonObject body) => new(status, JsonSerializer.SerializeToUtf8Bytes(body));

    private HttpRequestMessage Callback(string url, string id, JsonObject said, byte[]? key = null)
    {
        var (body, time) = (JsonSerializer.SerializeToUtf8Bytes(said), TimeProvider.System.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        return new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
            Headers = { { "webhook-id", id }, { "webhook-timestamp", time }, { "webhook-signature", Signature(key ?? _key, id, time, body) } },
        };
    }

    private static string Signature(byte[] key, string id, string time, byte[] body) =>
        $"v1,{Convert.ToBase64String(HMACSHA256.HashData(key, (byte[])[.. Encoding.UTF8.GetBytes($"{id}.{time}."), .. body]))}";

    private static string StrangersRsa()
    {
        using var rsa = RSA.Create(2048);
        return rsa.ExportPkcs8PrivateKeyPem();
    }
}
