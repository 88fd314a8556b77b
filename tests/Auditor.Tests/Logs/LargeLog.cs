using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Tests.Logs;

/// <summary>Writes an export of any size, in constant memory but for a leaf a stream.</summary>
internal static class LargeLog
{
    private const long Start = 1_780_000_000_000;

    private static readonly byte[] Data =
        """{"actor":"subject","channel":"email","inForce":true,"jurisdiction":"DE","method":"web-form","occurredAt":"2026-05-28T21:06:40+02:00","policyVersion":"1","purpose":"newsletter","recipient":"controller","source":"shop"}"""u8.ToArray();

    /// <param name="streams">Each gets as many entries as another, all but the last round sealed under a key of its own.</param>
    public static void Write(string folder, SigningKey key, long size, int streams)
    {
        var previous = new Hash[streams];
        var (salts, some) = (new byte[FactsCommitment.SaltLength], Hash.Of(SHA256.HashData("some"u8)));
        var tree = Frontier.Empty;
        var (levels, written) = (new List<List<Hash>>(), new long[sizeof(long)]);
        foreach (var bundle in TileId.OfLevel(TileId.Entries, size))
        {
            var entries = new ArrayBufferWriter<byte>();
            var facts = new StringBuilder();
            var leaves = new Hash[bundle.Width];
            for (var i = 0; i < bundle.Width; i++)
            {
                var position = (bundle.Index * TileId.FullWidth) + i;
                var (round, stream) = Math.DivRem(position, streams);
                var id = new Guid((int)stream, (short)7, (short)7, new byte[8]);
                BitConverter.TryWriteBytes(salts, position);
                var commitment = FactsCommitment.OfCanonical(salts, "consent.granted.v1"u8, Data);
                var bytes = new Entry(EntryType.Event, id, round + 1, Start + position, previous[stream], new Guid((int)stream, (short)8, (short)8, new byte[8]), commitment, some, some).Encode();
                previous[stream] = leaves[i] = TreeHash.Leaf(bytes);
                EntryBundle.Write(bytes, entries);
                facts.Append(CultureInfo.InvariantCulture, $"{RealLog.FactsOf(position, "consent.granted.v1", salts, Data)}\n");
            }

            Put(bundle.ToString(), entries.WrittenSpan);
            Put(FactsPath.Of(bundle), Encoding.UTF8.GetBytes(facts.ToString()));
            tree = tree.Append(leaves).After;
            Add(0, leaves);
        }

        for (var level = 0; level < levels.Count; level++)
            if (levels[level].Count > 0) Put(new TileId(level, (size >> (TileId.Height * level)) / TileId.FullWidth, levels[level].Count).ToString(), Hash.AsBytes(levels[level].ToArray()));
        Put("checkpoint", new Checkpoint(key.Verifier.Name, size, tree.Root).Sign(key).ToBytes());

        void Add(int level, params IEnumerable<Hash> hashes)
        {
            if (levels.Count == level) levels.Add([]);
            levels[level].AddRange(hashes);
            if (levels[level].Count < TileId.FullWidth) return;
            var full = levels[level].ToArray();
            levels[level].Clear();
            Put(new TileId(level, written[level]++).ToString(), Hash.AsBytes(full));
            Add(level + 1, Frontier.Empty.Append(full).Root);
        }

        void Put(string path, ReadOnlySpan<byte> bytes)
        {
            var file = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, bytes);
        }
    }
}
