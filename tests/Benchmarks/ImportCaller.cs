using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ConsentLedger.EventStore;

namespace ConsentLedger.Benchmarks;

/// <summary>Uploads a list that it makes on the way, has it run, and waits until it is over.</summary>
internal sealed class ImportCaller(HttpClient preference, string topic)
{
    public async Task RunAsync(int lines, Func<int, StreamId> recipient, CancellationToken ct)
    {
        using var list = new List(lines, i => string.Create(CultureInfo.InvariantCulture, $"{recipient(i)},{topic},email,unsubscribed,2020-05-01T10:00:00Z\n"));
        using var uploaded = await preference.PostAsync(new Uri("/v1/imports?source=bench", UriKind.Relative), list, ct);
        uploaded.EnsureSuccessStatusCode();
        var import = new Uri($"/v1/imports/{(await uploaded.Content.ReadFromJsonAsync<JsonElement>(ct)).GetProperty("id").GetString()}", UriKind.Relative);
        using var started = await preference.PostAsync(new Uri($"{import}/runs", UriKind.Relative), content: null, ct);
        started.EnsureSuccessStatusCode();
        while ((await preference.GetFromJsonAsync<JsonElement>(import, ct)).GetProperty("state").GetString() is not "completed") await Task.Delay(100, ct);
    }

    private sealed class List : HttpContent
    {
        private readonly int _lines;
        private readonly Func<int, string> _line;

        public List(int lines, Func<int, string> line)
        {
            (_lines, _line) = (lines, line);
            Headers.ContentType = new("text/csv");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await using var text = new StreamWriter(stream, new UTF8Encoding(false), 64 * 1024, leaveOpen: true);
            await text.WriteAsync("subject,topic,channel,state,occurredAt\n");
            for (var i = 0; i < _lines; i++) await text.WriteAsync(_line(i));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
