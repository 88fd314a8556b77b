using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConsentLedger.Story;

/// <summary>One service over plain HTTP, as any outsider would call it.</summary>
internal sealed class ServiceClient(string name, Uri address, TimeProvider clock) : IDisposable
{
    public const string NdJson = "application/x-ndjson";
    private const int Attempts = 5;

    private readonly HttpClient _http = new() { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };

    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public Uri Address => address;

    public static HttpContent JsonBody(object body) => new StringContent(JsonSerializer.Serialize(body, Json), Encoding.UTF8, "application/json");

    public Task<Answer> GetAsync(string path, string? token, CancellationToken ct, string accept = "application/json") => SendAsync(
        () => new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Accept = { new MediaTypeWithQualityHeaderValue(accept) } } }, token, ct);

    public Task<Answer> PostAsync(string path, object body, string? token, CancellationToken ct, string? idempotencyKey = null) => SendAsync(
        () =>
        {
            var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonBody(body) };
            if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
            return request;
        },
        token, ct);

    /// <summary>Sends, and sends again what the service says it cannot do yet: everything in the story may be repeated.</summary>
    /// <param name="request">Makes the request afresh for each attempt.</param>
    public async Task<Answer> SendAsync(Func<HttpRequestMessage> request, string? token, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            var answer = await SendOnceAsync(request, token, ct);
            if (answer.Status != HttpStatusCode.ServiceUnavailable || attempt == Attempts) return answer;
            await Task.Delay(TimeSpan.FromSeconds(1), clock, ct);
        }
    }

    public async Task ExpectReadyAsync(CancellationToken ct)
    {
        var answer = await GetAsync("/healthz/ready", token: null, ct);
        Expect.That(answer.Ok, $"{name} at {address} is not ready: /healthz/ready answers {(int)answer.Status}.");
    }

    public void Dispose() => _http.Dispose();

    private async Task<Answer> SendOnceAsync(Func<HttpRequestMessage> make, string? token, CancellationToken ct)
    {
        using var request = make();
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        try
        {
            using var response = await _http.SendAsync(request, ct);
            return new Answer(name, response.StatusCode, await response.Content.ReadAsStringAsync(ct), response.Headers.Location);
        }
        catch (HttpRequestException e)
        {
            throw new StoryBrokenException($"{name} does not answer at {address} ({e.HttpRequestError}). Does it run? deploy/local/run --status tells.", e);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new StoryBrokenException($"{name} at {address} took more than {_http.Timeout.TotalSeconds:0} s to answer.", e);
        }
    }
}
