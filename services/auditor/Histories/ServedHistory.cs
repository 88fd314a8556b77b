using System.Net.Http.Headers;
using System.Text.Json;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.EventStore;

namespace ConsentLedger.Auditor.Histories;

/// <summary>Asks a running service for a subject's history. The service records that it was asked.</summary>
internal static class ServedHistory
{
    private const string NdJson = "application/x-ndjson";

    /// <param name="evidence">Whether to have the sealed evidence opened, which takes the scope for it and is recorded too.</param>
    public static async Task<SubjectHistory> ReadAsync(Uri server, string? tenant, string token, Guid subject, bool evidence, CancellationToken ct)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server, $"v1/subjects/{subject:D}/history{(evidence ? "?disclose=true" : "")}"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(NdJson));
        if (tenant is not null) request.Headers.Add("X-Tenant", tenant);

        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        if (!answer.IsSuccessStatusCode) throw await RefusedAsync(answer, ct);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(ct));
        var events = new List<HistoryEvent>();
        while (await lines.ReadLineAsync(ct) is { } line) events.Add(Read(subject, line));
        return new SubjectHistory(subject, tenant is null ? server.Authority : $"{server.Authority}, {tenant}", events);
    }

    private static HistoryEvent Read(Guid subject, string line)
    {
        try
        {
            using var read = JsonDocument.Parse(line);
            var e = read.RootElement;
            var place = new EventPlace(e.GetProperty("position").GetInt64(), e.GetProperty("version").GetInt64(), e.GetProperty("recordedAt").GetDateTimeOffset());
            return HistoryEvent.Of(
                subject, place, e.GetProperty("type").GetString()!, JsonSerializer.SerializeToUtf8Bytes(e.GetProperty("data")),
                e.TryGetProperty("evidence", out var evidence) ? evidence.Clone() : null);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new UnansweredException("content_malformed", "The server's answer is no history.", e);
        }
    }

    private static async Task<UnansweredException> RefusedAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        var text = await answer.Content.ReadAsStringAsync(ct);
        try
        {
            using var problem = JsonDocument.Parse(text);
            return new UnansweredException(problem.RootElement.GetProperty("code").GetString()!, problem.RootElement.GetProperty("title").GetString()!);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return new UnansweredException("no_answer", $"The server answered {(int)answer.StatusCode}.", e);
        }
    }
}
