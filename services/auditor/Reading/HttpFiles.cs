using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Reading;

/// <summary>A log as a service gives it out.</summary>
/// <param name="prefix">Ends in a slash; the paths come after it.</param>
/// <param name="token">A bearer token for entries and facts.</param>
internal sealed class HttpFiles(HttpClient client, Uri prefix, string? token, string? tenant, TimeProvider clock) : LogFiles
{
    private const int Attempts = 5, FirstDelayMs = 200;

    public override int Ahead => 16;

    /// <summary>A tile or bundle that has grown since the checkpoint was signed begins with what it was then.</summary>
    public override async ValueTask<FileBytes?> ReadAsync(string path, CancellationToken ct)
    {
        if (await TryGetAsync(path, ct) is { } bytes) return FileBytes.CopyOf(bytes);
        if (!IsNarrow(path, out var tile, out var full) || await TryGetAsync(full, ct) is not { } grown) return null;
        return FileBytes.CopyOf(FrontOf(grown, tile, path));
    }

    /// <summary>A resource of the service beside the log's files, with the token.</summary>
    public async Task<byte[]> GetAsync(string path, CancellationToken ct) =>
        await TryGetAsync(path, withToken: true, ct) ?? throw new UnansweredException("not_found", $"{new Uri(prefix, path)}: nothing is there.");

    /// <summary>Asks for something by a body, and writes the answer into a file as it comes, however long it is. Asked again, it is under the same key.</summary>
    /// <returns>The problem that was answered; null where the answer is in the file.</returns>
    public async Task<(string Code, string Reason)?> PostAsync(string path, byte[] json, string idempotencyKey, string file, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(prefix, path)) { Content = new ByteArrayContent(json) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } } };
                Authorize(request);
                request.Headers.Add("Idempotency-Key", idempotencyKey);
                using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
                if (answer.IsSuccessStatusCode)
                {
                    await CopyAsync(answer.Content, file, ct);
                    return null;
                }

                if ((int)answer.StatusCode < 500 && answer.StatusCode != HttpStatusCode.TooManyRequests || attempt == Attempts) return await ReadProblemAsync(request.RequestUri!, answer, ct);
            }
            catch (Exception e) when (attempt < Attempts && (e is HttpRequestException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested)))
            {
                // As for any other file. What came of an answer is of no use without its end, and is fetched anew.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(FirstDelayMs << attempt), clock, ct);
        }
    }

    // Hashes are for everybody, and a token is shown to nobody without need.
    private Task<byte[]?> TryGetAsync(string path, CancellationToken ct) =>
        TryGetAsync(path, path.StartsWith("tile/entries/", StringComparison.Ordinal) || path.StartsWith("facts/", StringComparison.Ordinal), ct);

    private async Task<byte[]?> TryGetAsync(string path, bool withToken, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(prefix, path));
                if (withToken) Authorize(request);
                using var answer = await client.SendAsync(request, ct);
                if (answer.StatusCode == HttpStatusCode.NotFound) return null;
                if (answer.IsSuccessStatusCode) return await answer.Content.ReadAsByteArrayAsync(ct);
                if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
                    throw new UnansweredException("access_denied", $"{request.RequestUri}: {(int)answer.StatusCode}. Entries and facts are for the tenant's auditors: --token-file, or LEDGER_TOKEN.");
                if ((int)answer.StatusCode < 500 && answer.StatusCode != HttpStatusCode.TooManyRequests || attempt == Attempts)
                    throw new UnansweredException("no_answer", $"{request.RequestUri}: {(int)answer.StatusCode}.");
            }
            catch (Exception e) when (attempt < Attempts && (e is HttpRequestException || (e is OperationCanceledException && !ct.IsCancellationRequested)))
            {
                // A network is allowed to fail a few times, and to be late: that is the client's own limit.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(FirstDelayMs << attempt), clock, ct);
        }
    }

    private async Task CopyAsync(HttpContent content, string file, CancellationToken ct)
    {
        await using var to = new FileStream(file, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Options = FileOptions.Asynchronous });
        await using var from = await content.ReadAsStreamAsync(ct);
        var buffer = new byte[64 * 1024];
        while (true)
        {
            // The client's own limit ends with the headers; whoever sends nothing for as long has gone.
            using var patience = new CancellationTokenSource(client.Timeout, clock);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
            var read = await from.ReadAsync(buffer, both.Token);
            if (read == 0) break;
            await to.WriteAsync(buffer.AsMemory(0, read), ct);
        }

        to.Flush(flushToDisk: true);
    }

    private static async Task<(string Code, string Reason)> ReadProblemAsync(Uri uri, HttpResponseMessage answer, CancellationToken ct)
    {
        var status = $"{uri}: {(int)answer.StatusCode}";
        try
        {
            using var problem = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(ct));
            string? Member(string name) => problem.RootElement.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;
            return (Member("code") ?? "no_answer", $"{status}. {Member("detail") ?? Member("title")}".TrimEnd());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not one of ours: something in between answered.
            return ("no_answer", $"{status}.");
        }
    }

    private void Authorize(HttpRequestMessage request)
    {
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (tenant is not null) request.Headers.Add("X-Tenant", tenant);
    }

    private static bool IsNarrow(string path, out TileId tile, out string full)
    {
        full = "";
        var isFacts = FactsPath.TryParse(path, out tile);
        if (!isFacts && !TileId.TryParse(path, out tile, out _)) return false;
        var whole = tile with { Width = TileId.FullWidth };
        full = isFacts ? FactsPath.Of(whole) : whole.ToString();
        return !tile.IsFull;
    }

    private static ReadOnlySpan<byte> FrontOf(ReadOnlySpan<byte> full, TileId tile, string path)
    {
        if (tile.Level != TileId.Entries) return full[..Math.Min(full.Length, tile.Width * Hash.Length)];
        var rest = full;
        var count = 0;
        if (path.StartsWith("facts/", StringComparison.Ordinal))
        {
            for (; count < tile.Width && rest.IndexOf((byte)'\n') is >= 0 and var end; count++) rest = rest[(end + 1)..];
        }
        else
        {
            for (var reader = new EntryBundle.Reader(full); count < tile.Width && reader.TryRead(out var entry); count++) rest = rest[(sizeof(ushort) + entry.Length)..];
        }

        return full[..^rest.Length];
    }
}
