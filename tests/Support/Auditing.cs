using System.Security.Cryptography;
using ConsentLedger.EventStore;
using ConsentLedger.Ledger;

namespace ConsentLedger.Support;

/// <summary>What an auditor finds, from the entries up, without believing the store in anything.</summary>
public static class Auditing
{
    /// <returns>The first thing that is wrong with a tenant's ledger, or null.</returns>
    public static async Task<string?> FindFaultAsync(this IEventEngine engine, TenantId tenant, CancellationToken ct)
    {
        var tree = await engine.ReadTreeAsync(tenant, ct);
        var entries = await engine.ReadEntriesAsync(tenant, 0, int.MaxValue, ct);
        var events = await engine.ReadFromAsync(tenant, 0, int.MaxValue, ct);
        var head = (await engine.ReadHeadsAsync(ct)).GetValueOrDefault(tenant);
        if (entries.Count != events.Count || entries.Count != head || entries.Count != tree.Size)
            return $"{entries.Count} entries, {events.Count} events, a head at {head} and a tree of {tree.Size} leaves.";

        var last = new Dictionary<Guid, (Hash Leaf, long RecordedMs)>();
        for (var position = 0; position < entries.Count; position++)
        {
            if (FaultOf(entries[position], events[position], last) is { } fault) return $"Position {position}: {fault}";
        }

        foreach (var stream in events.GroupBy(e => e.Stream))
        {
            foreach (var (version, envelope) in await engine.ReadSealedAsync(stream.Key, ct))
            {
                var position = stream.Single(e => e.Place.Version == version).Place.Position;
                Entry.TryDecode(entries[(int)position].Bytes, out var entry, out _);
                if (entry.SealedHash != Hash.Of(SHA256.HashData(envelope))) return $"The envelope of position {position} is not the one committed to.";
            }
        }

        return tree.Root == Frontier.Empty.Append(entries.Select(e => TreeHash.Leaf(e.Bytes)).ToArray()).Root ? null : "The root is not that of the entries.";
    }

    private static string? FaultOf(StoredEntry stored, StoredEvent e, Dictionary<Guid, (Hash Leaf, long RecordedMs)> last)
    {
        if (!Entry.TryDecode(stored.Bytes, out var entry, out var fault)) return fault.Reason;
        if ((entry.Stream, entry.Version) != (e.Stream.Id.Value, e.Place.Version)) return "the entry is another event's.";
        if (entry.RecordedMs != e.Place.RecordedAt.ToUnixTimeMilliseconds()) return $"recorded at {entry.RecordedMs}, says the entry, and the event {e.Place.RecordedAt.ToUnixTimeMilliseconds()}.";
        if (TreeHash.Leaf(stored.Bytes) != e.Leaf) return "the event names another leaf.";
        var (previous, recordedMs) = last.GetValueOrDefault(entry.Stream);
        if (entry.Previous != previous) return "the entry does not follow its stream's last.";
        if (entry.RecordedMs < recordedMs) return "time ran backwards.";
        if (stored.Salt is { } salt && (!FactsCommitment.TryCommit(salt, e.Type, e.Data, out var facts, out _) || facts != entry.Facts)) return "the facts are not those committed to.";
        last[entry.Stream] = (e.Leaf, entry.RecordedMs);
        return null;
    }
}
