using System.Globalization;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Verifying;

/// <summary>All that is remembered of a stream, so that its next entry can be judged: 88 bytes, whatever its length.</summary>
internal struct StreamState
{
    private const long None = -1;

    private Hash _leaf;
    private Guid _key;
    private long _version;
    private bool _destroyed;

    public static StreamState New => new() { Fence = None, Purged = None };

    /// <summary>The position of the first entry of type 3, or -1.</summary>
    public long Fence { get; private set; }

    public long FencedMs { get; private set; }

    /// <summary>The position of the first entry whose facts are said to be purged, while no entry of type 5 followed; or -1.</summary>
    public long Purged { get; private set; }

    public readonly bool IsFenced => Fence >= 0;

    public readonly bool IsErasing => IsFenced && !_destroyed;

    /// <summary>Whether the entry is the next one.</summary>
    public readonly Fault? FindGap(in Entry entry) =>
        entry.Version <= _version ? new Fault("stream_version_repeated", $"The stream was at version {_version} already.")
        : entry.Version != _version + 1 ? new Fault("stream_gap", $"The stream was at version {_version}: what is between is missing.")
        : entry.Previous != _leaf ? new Fault("stream_link_broken", "The entry does not follow the stream's entry before, but another.")
        : null;

    /// <summary>
    /// A stream has one key. So what names a key or seals something is under it; what does neither, such as that somebody read the history, may still be recorded.
    /// </summary>
    public readonly Fault? FindUnderFence(in Entry entry) =>
        IsFenced && entry.Type is not (EntryType.KeyDestroyed or EntryType.ContentsPurged) && (entry.KeyId != Guid.Empty || !entry.SealedHash.IsZero)
            ? new Fault("entry_after_fence", $"Under the key of this stream nothing follows its fence (type 3) at position {Fence} but the key's end and purges.")
            : null;

    public readonly Fault? FindOtherKey(in Entry entry)
    {
        // An end without a key says that there was none.
        if (entry.Type == EntryType.KeyDestroyed && entry.KeyId != _key && _key != Guid.Empty)
            return new Fault("erasure_other_key", $"What ends here is not the key {_key:D} that the stream's entries are under.");
        return _key != Guid.Empty && entry.KeyId != Guid.Empty && entry.KeyId != _key ? new Fault("stream_of_two_keys", $"The stream's entries were under key {_key:D} before.") : null;
    }

    public readonly Fault? FindUnfenced(in Entry entry) => entry.Type == EntryType.KeyDestroyed && !IsFenced
        ? new Fault("erasure_unfenced", "The key is destroyed (type 4), and no entry before (type 3) keeps others from following under it.")
        : null;

    public readonly Fault? FindLate(in Entry entry, int erasureDays) => entry.Type == EntryType.KeyDestroyed && IsErasing && entry.RecordedMs - FencedMs > erasureDays * StreamTotals.DayMs
        ? new Fault("erasure_late", $"The erasure asked for at position {Fence} ended here, after {Days(entry.RecordedMs - FencedMs)}.")
        : null;

    /// <summary>Once the stream was followed to its last entry.</summary>
    public readonly Fault? FindOverdue(Guid stream, long nowMs, int erasureDays) => IsErasing && nowMs - FencedMs > erasureDays * StreamTotals.DayMs
        ? new Fault("erasure_overdue", $"The erasure asked for here (type 3) had no end (type 4) after {Days(nowMs - FencedMs)}.") { Position = Fence, Stream = stream }
        : null;

    // In whole numbers: an entry may claim a time that no calendar has.
    public static string Days(long ms) => string.Create(CultureInfo.InvariantCulture, $"{ms / (double)StreamTotals.DayMs:0.#} days");

    public void Follow(long position, in Entry entry, in Hash leaf, bool purged)
    {
        // After a gap, on from here; a repeated version changes nothing.
        if (entry.Version > _version) (_version, _leaf) = (entry.Version, leaf);
        if (_key == Guid.Empty) _key = entry.KeyId;
        switch (entry.Type)
        {
            case EntryType.ErasureRequested when !IsFenced:
                (Fence, FencedMs) = (position, entry.RecordedMs);
                break;
            case EntryType.KeyDestroyed:
                _destroyed = true;
                break;
            case EntryType.ContentsPurged:
                Purged = None;
                break;
        }

        // After the purge above: it vouches for what was before it, and not for itself.
        if (purged && Purged < 0) Purged = position;
    }
}
