using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Support;
using Microsoft.AspNetCore.Http;

namespace ConsentLedger.Chaos.Storm;

/// <summary>Speaks OpenDSR 2.0.</summary>
/// <param name="types">That it has a part in, by the register; it does none but the three of the protocol.</param>
/// <param name="certificate">Of <c>localhost</c>, from somebody whom the service believes.</param>
internal sealed class PlayedOpenDsr(string name, Manner manner, string[] types, string certificate, string key, MovableClock clock, int seed, CancellationToken ct) : PlayedProcessor(name, manner, clock, seed, ct)
{
    private static readonly string[] Supported = ["erasure", "access", "portability"];

    public override object Entry => new { name = Name, kind = "open-dsr", endpoint = Url, domain = "localhost", types };

    protected override Answer AnswerTo(HttpRequest request, byte[] body) => (request.Method, request.Path.Value) switch
    {
        ("GET", "/cert.pem") => new Answer(200, Encoding.ASCII.GetBytes(certificate)),
        ("GET", "/v2/discovery") => Signed(200, new JsonObject
        {
            ["api_version"] = "2.0",
            ["supported_identities"] = new JsonArray(Identity("email", "sha256"), Identity("controller_customer_id", "raw")),
            ["supported_subject_request_types"] = new JsonArray([.. Supported.Select(t => JsonValue.Create(t))]),
            ["processor_certificate"] = $"{Url}cert.pem",
        }),
        ("POST", "/v2/requests") => Receive(JsonDocument.Parse(body).RootElement, body),
        ("GET", { } path) when path.StartsWith("/v2/requests/", StringComparison.Ordinal) => Find(path.Split('/')[^1]) is { } task ? Signed(200, StateOf(task, StatusOf(task))) : new Answer(404, []),
        _ => new Answer(404, []),
    };

    protected override Word TruthOf(string type) => Chance(10) == 0 ? new Word("refused", "cancelled") : new Word(type == "erasure" ? "erased" : "provided");

    private Answer Receive(JsonElement asked, byte[] body)
    {
        var identities = asked.GetProperty("subject_identities").EnumerateArray().ToDictionary(i => i.GetProperty("identity_type").GetString()!, i => i.GetProperty("identity_value").GetString()!);
        var url = asked.GetProperty("status_callback_urls")[0].GetString()!;
        var (task, isNew) = Told(asked.GetProperty("subject_request_id").GetString()!, Guid.Parse(url.Split('/')[^2]), identities["controller_customer_id"], asked.GetProperty("subject_request_type").GetString()!);
        if (isNew) TellLater(task, url);
        return Signed(201, new JsonObject
        {
            ["controller_id"] = "a-controller",
            ["expected_completion_time"] = Moment(task.DoneAt),
            ["received_time"] = Moment(Now),
            ["encoded_request"] = Convert.ToBase64String(body),
            ["subject_request_id"] = task.Reference,
        });
    }

    /// <summary>One in three is found out by being asked only.</summary>
    private void TellLater(PlayedTask task, string url)
    {
        if (Chance(3) == 0) return;
        if (Chance(2) == 0) Later(Now, () => CallAsync(() => Callback(url, StateOf(task, "in_progress"))));
        Later(task.DoneAt, async () =>
        {
            await SayAsync(task, task.Truth, () => Callback(url, StateOf(task, LastStatusOf(task))));
            if (Chance(2) == 0) await SayAsync(task, task.Truth, () => Callback(url, StateOf(task, LastStatusOf(task))));
        });
    }

    private string StatusOf(PlayedTask task)
    {
        if (Now < task.DoneAt) return "pending";
        task.Say(task.Truth);
        return LastStatusOf(task);
    }

    private static string LastStatusOf(PlayedTask task) => task.Truth.Outcome == "refused" ? "cancelled" : "completed";

    private static JsonObject StateOf(PlayedTask task, string status) => new()
    {
        ["controller_id"] = "a-controller",
        ["expected_completion_time"] = Moment(task.DoneAt),
        ["subject_request_id"] = task.Reference,
        ["request_status"] = status,
    };

    private static JsonObject Identity(string type, string format) => new() { ["identity_type"] = type, ["identity_format"] = format };

    private static string Moment(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private Answer Signed(int status, JsonObject message)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(message);
        return new Answer(status, body, ("X-OpenDSR-Processor-Domain", "localhost"), ("X-OpenDSR-Signature", Signature(key, body)));
    }

    private HttpRequestMessage Callback(string url, JsonObject state) => Callback(url, state, key);

    internal static HttpRequestMessage Callback(string url, JsonObject state, string key)
    {
        state["status_callback_url"] = url;
        var body = JsonSerializer.SerializeToUtf8Bytes(state);
        return new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
            Headers = { { "X-OpenDSR-Processor-Domain", "localhost" }, { "X-OpenDSR-Signature", Signature(key, body) } },
        };
    }

    private static string Signature(string key, byte[] body)
    {
        using var rsa = RSA.Create();
        rsa.ImportFromPem(key);
        return Convert.ToBase64String(rsa.SignData(body, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }
}
