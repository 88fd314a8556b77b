using System.Text;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Histories;

/// <summary>Reads a history out of a subject bundle. Believes it: <c>ledger verify</c> is who does not.</summary>
internal static class BundleHistory
{
    public static async Task<SubjectHistory> ReadAsync(string file, CancellationToken ct)
    {
        var bundle = SubjectBundle.Read(await File.ReadAllBytesAsync(file, ct))
            ?? throw new UnansweredException("content_unknown", $"{file} is neither a subject bundle ({SubjectBundle.KnownFormat}) nor a folder.");
        return new SubjectHistory(bundle.Stream, bundle.Origin, [.. bundle.Entries.Select(e => Read(e, file))]);
    }

    private static HistoryEvent Read(BundledEntry told, string file)
    {
        if (!Entry.TryDecode(BundledEntry.Decode(told.Entry), out var entry, out var fault)) throw new UnansweredException(fault.Code, $"{file}, position {told.Position}: {fault.Reason}");
        var place = HistoryEvent.PlaceOf(told.Position, entry, file);
        return told is { Type: { } type, Data: { } data }
            ? HistoryEvent.Of(entry.Stream, place, type, Encoding.UTF8.GetBytes(data.GetRawText()), told.Evidence)
            : new HistoryEvent(place, Stored: null);
    }
}
