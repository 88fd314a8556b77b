using System.Text.Json;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.EventStore;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Histories;

/// <summary>One subject's stream as some source tells it, in version order.</summary>
/// <param name="Source">The log's origin, or whoever was asked.</param>
internal sealed record SubjectHistory(Guid Subject, string Source, IReadOnlyList<HistoryEvent> Events);

/// <param name="Stored">What was recorded; null where its contents were purged and only the place is left.</param>
/// <param name="Evidence">What was sealed beside it, where the source discloses that.</param>
internal sealed record HistoryEvent(EventPlace Place, StoredEvent? Stored, JsonElement? Evidence = null)
{
    /// <summary>What an entry says of its place. It may claim a time that no calendar has, which can be proved and not be told.</summary>
    /// <param name="file">Where it was read.</param>
    public static EventPlace PlaceOf(long position, in Entry entry, string file) => entry.RecordedMs <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
        ? new EventPlace(position, entry.Version, DateTimeOffset.FromUnixTimeMilliseconds(entry.RecordedMs))
        : throw new UnansweredException("entry_time_invalid", $"{file}, position {position}: the entry was recorded at a time that no calendar has.");

    /// <summary>A tenant of no meaning: a history is of one subject, whose id is random.</summary>
    public static HistoryEvent Of(Guid subject, EventPlace place, string type, ReadOnlyMemory<byte> data, JsonElement? evidence = null) => new(
        place, new StoredEvent(new StreamKey(default, new StreamId(subject)), place, Guid.Empty, type, data, TraceParent: null), evidence);
}
