using System.Security.Cryptography;
using ConsentLedger.Ledger;

namespace ConsentLedger.EventStore.ContractTests;

/// <summary>What an auditor would find, from the entries up, without believing the store in anything.</summary>
internal static class Auditing
{
    public static async Task ShouldProveEverythingAsync(this IEventEngine engine, TenantId tenant, CancellationToken ct)
    {
        var tree = await engine.ReadTreeAsync(tenant, ct);
        var entries = await engine.ReadEntriesAsync(tenant, 0, int.MaxValue, ct);
        var events = await engine.ReadFromAsync(tenant, 0, int.MaxValue, ct);
        entries.Count.ShouldBe(events.Count);
        (await engine.ReadHeadsAsync(ct)).GetValueOrDefault(tenant).ShouldBe(entries.Count);

        var last = new Dictionary<Guid, (Hash Leaf, long RecordedMs)>();
        foreach (var (stored, e) in entries.Zip(events))
        {
            Entry.TryDecode(stored.Bytes, out var entry, out var fault).ShouldBeTrue(fault?.Reason);
            (entry.Stream, entry.Version, entry.RecordedMs).ShouldBe((e.Stream.Id.Value, e.Place.Version, e.Place.RecordedAt.ToUnixTimeMilliseconds()));
            TreeHash.Leaf(stored.Bytes).ShouldBe(e.Leaf);
            entry.Previous.ShouldBe(last.GetValueOrDefault(entry.Stream).Leaf);
            entry.RecordedMs.ShouldBeGreaterThanOrEqualTo(last.GetValueOrDefault(entry.Stream).RecordedMs);
            FactsCommitment.TryCommit(stored.Salt, e.Data, out var facts, out _).ShouldBeTrue();
            entry.Facts.ShouldBe(facts);
            last[entry.Stream] = (e.Leaf, entry.RecordedMs);
        }

        foreach (var (stream, parts) in await SealedPartsAsync())
            foreach (var (version, envelope) in parts)
                EntryAt(stream, version).SealedHash.ShouldBe(Hash.Of(SHA256.HashData(envelope)));

        tree.Size.ShouldBe(entries.Count);
        tree.Root.ShouldBe(Frontier.Empty.Append(entries.Select(e => TreeHash.Leaf(e.Bytes)).ToArray()).Root);

        async Task<IEnumerable<(StreamKey, IReadOnlyDictionary<long, byte[]>)>> SealedPartsAsync()
        {
            var parts = new List<(StreamKey, IReadOnlyDictionary<long, byte[]>)>();
            foreach (var stream in events.Select(e => e.Stream).Distinct().Take(50)) parts.Add((stream, await engine.ReadSealedAsync(stream, ct)));
            return parts;
        }

        Entry EntryAt(StreamKey stream, long version)
        {
            var position = events.Single(e => e.Stream == stream && e.Place.Version == version).Place.Position;
            return Entry.TryDecode(entries[(int)position].Bytes, out var entry, out _) ? entry : default;
        }
    }
}
