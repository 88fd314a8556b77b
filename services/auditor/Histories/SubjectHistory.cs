using System.Text.Json;
using ConsentLedger.EventStore;

namespace ConsentLedger.Auditor.Histories;

/// <summary>One subject's stream as some source tells it, in version order.</summary>
/// <param name="Source">The log's origin, or whoever was asked.</param>
internal sealed record SubjectHistory(Guid Subject, string Source, IReadOnlyList<HistoryEvent> Events);

/// <param name="Stored">What was recorded; null where its contents were purged and only the place is left.</param>
/// <param name="Evidence">What was sealed beside it, where the source discloses that.</param>
internal sealed record HistoryEvent(EventPlace Place, StoredEvent? Stored, JsonElement? Evidence = null)
{
    /// <summary>A tenant of no meaning: a history is of one subject, whose id is random.</summary>
    public static HistoryEvent Of(Guid subject, EventPlace place, string type, ReadOnlyMemory<byte> data, JsonElement? evidence = null) => new(
        place, new StoredEvent(new StreamKey(default, new StreamId(subject)), place, Guid.Empty, type, data, TraceParent: null), evidence);
}
