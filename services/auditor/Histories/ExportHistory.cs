using System.Text;
using System.Text.Json;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.EventStore;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Histories;

/// <summary>Reads one subject's history out of the export of a whole log, a bundle at a time; only that subject's events are kept.</summary>
internal static class ExportHistory
{
    public static async Task<SubjectHistory> ReadAsync(LogFiles files, Guid subject, IProgress<Progressed> progress, CancellationToken ct)
    {
        var head = await ReadHeadAsync(files, ct);
        var events = new List<HistoryEvent>();
        foreach (var bundle in TileId.OfLevel(TileId.Entries, head.Size))
        {
            var first = bundle.Index * TileId.FullWidth;
            using var entries = await ReadAsync(files, bundle.ToString(), ct);
            var places = PlacesOf(subject, first, entries.Span, bundle.ToString());
            if (places.Count > 0) events.AddRange(await ReadFactsAsync(files, bundle, subject, places, ct));
            progress.Report(new Progressed(first + bundle.Width, head.Size));
        }

        return new SubjectHistory(subject, head.Origin, events);
    }

    private static async Task<Checkpoint> ReadHeadAsync(LogFiles files, CancellationToken ct)
    {
        using var bytes = await ReadAsync(files, LogFiles.Checkpoint, ct);
        return Note.TryParse(bytes.Span, out var note, out var fault) && Checkpoint.TryParse(note.Text.Span, out var head, out fault) ? head : throw new UnansweredException(fault.Code, fault.Reason);
    }

    private static List<EventPlace> PlacesOf(Guid subject, long first, ReadOnlySpan<byte> bundle, string file)
    {
        var places = new List<EventPlace>();
        var reader = new EntryBundle.Reader(bundle);
        for (var position = first; reader.TryRead(out var bytes); position++)
        {
            if (!Entry.TryDecode(bytes, out var entry, out var fault)) throw new UnansweredException(fault.Code, $"{file}, position {position}: {fault.Reason}");
            if (entry.Stream == subject) places.Add(HistoryEvent.PlaceOf(position, entry, file));
        }

        return reader.Fault is { } cut ? throw new UnansweredException(cut.Code, $"{file}: {cut.Reason}") : places;
    }

    private static async Task<IEnumerable<HistoryEvent>> ReadFactsAsync(LogFiles files, TileId bundle, Guid subject, List<EventPlace> places, CancellationToken ct)
    {
        var file = FactsPath.Of(bundle);
        using var bytes = await ReadAsync(files, file, ct);
        var lines = Encoding.UTF8.GetString(bytes.Span).Split('\n');
        var events = new List<HistoryEvent>();
        foreach (var place in places)
        {
            try
            {
                using var line = JsonDocument.Parse(lines.ElementAtOrDefault((int)(place.Position % TileId.FullWidth)) ?? "");
                events.Add(line.RootElement.TryGetProperty("data", out var data)
                    ? HistoryEvent.Of(subject, place, line.RootElement.GetProperty("type").GetString()!, Encoding.UTF8.GetBytes(data.GetRawText()))
                    : new HistoryEvent(place, Stored: null));
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw new UnansweredException("content_malformed", $"{file} has no facts of position {place.Position}.", e);
            }
        }

        return events;
    }

    private static async Task<FileBytes> ReadAsync(LogFiles files, string path, CancellationToken ct) =>
        await files.ReadAsync(path, ct) ?? throw new UnansweredException("export_incomplete", $"The export has no {path}.");
}
