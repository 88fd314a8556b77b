using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace EmailSystem;

/// <summary>The preference service over HTTP: what to start from, what was missed, and whether a mail may go out now.</summary>
/// <param name="url">Where it is.</param>
/// <param name="token">A bearer token with the scopes <c>preferences:follow</c>, <c>send:decide</c> and <c>address:write</c>.</param>
public sealed class PreferenceService(Uri url, string token) : IDisposable
{
    private const int Page = 1_000;

    private readonly HttpClient _http = new() { BaseAddress = url, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };

    /// <summary>Line by line, so its size does not matter.</summary>
    public async Task StartAsync(Wishes wishes, CancellationToken ct)
    {
        var last = default(JsonElement);
        await foreach (var line in LinesAsync("/v1/preferences/snapshot", ct)) wishes.Start(last = line);
        if (!last.TryGetProperty("subjects", out _)) throw new InvalidDataException("The snapshot was cut off: its last line is missing.");
    }

    /// <summary>All that was recorded until now, page by page, without the broker.</summary>
    public async Task CatchUpAsync(Wishes wishes, Action<JsonElement> heard, CancellationToken ct)
    {
        // A page that is not full was the last when it was read. What comes after it the broker brings; to wait for a moment in which nothing comes may be to wait for ever.
        for (var read = Page; read == Page;)
        {
            read = 0;
            await foreach (var e in LinesAsync($"/v1/preferences/changes?after={wishes.Position}&limit={Page}", ct))
            {
                read++;
                if (wishes.Apply(e)) heard(e);
            }
        }
    }

    /// <summary>"May I send this now?", right before each mail. No answer is a no.</summary>
    public async Task<JsonElement> AskAsync(JsonElement question, CancellationToken ct)
    {
        try
        {
            using var answer = await _http.PostAsJsonAsync("/v1/send-decisions", question, ct);
            answer.EnsureSuccessStatusCode();
            return await answer.Content.ReadFromJsonAsync<JsonElement>(ct);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return JsonSerializer.SerializeToElement(new { allowed = false, rule = "no-answer" });
        }
    }

    /// <summary>Nothing more to this address, whoever has it, until somebody releases it. The same again is harmless.</summary>
    public async Task SuppressAsync(string tag, string method, CancellationToken ct)
    {
        using var answer = await _http.PostAsJsonAsync($"/v1/addresses/{tag}/suppressions", new { occurredAt = TimeProvider.System.GetUtcNow(), actor = "agent", method }, ct);
        answer.EnsureSuccessStatusCode();
    }

    public void Dispose() => _http.Dispose();

    private async IAsyncEnumerable<JsonElement> LinesAsync(string path, [EnumeratorCancellation] CancellationToken ct)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, ct);
        answer.EnsureSuccessStatusCode();
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(ct));
        while (await lines.ReadLineAsync(ct) is { } line) yield return JsonDocument.Parse(line).RootElement;
    }
}
