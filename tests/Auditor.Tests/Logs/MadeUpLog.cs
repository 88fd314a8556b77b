using System.Security.Cryptography;
using System.Text;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Tests.Logs;

/// <summary>Entries as nobody's service would write them, each in its place unless said otherwise.</summary>
internal sealed class MadeUpLog
{
    public static readonly Guid One = new(1, 0, 0, new byte[8]), Other = new(2, 0, 0, new byte[8]), Key = new(11, 0, 0, new byte[8]), OtherKey = new(12, 0, 0, new byte[8]);

    private const long Day = 24L * 60 * 60 * 1000;

    private readonly Dictionary<Guid, (long Version, Hash Leaf)> _streams = [];
    private readonly List<byte[]> _entries = [];
    private readonly List<string> _facts = [];
    private long _ms = 1_780_000_000_000;

    public SignedLog Signed => new(SignedLog.NewKey(), _entries, _facts);

    public MadeUpLog After(double days)
    {
        _ms += (long)(days * Day);
        return this;
    }

    public MadeUpLog Add(Guid stream, EntryType type = EntryType.Event, Guid key = default, bool isSealed = false, bool purged = false, Func<Entry, Entry>? change = null)
    {
        var (version, leaf) = _streams.GetValueOrDefault(stream);
        var salt = RandomNumberGenerator.GetBytes(FactsCommitment.SaltLength);
        FactsCommitment.TryCommit(salt, "test.v1", "{}"u8.ToArray(), out var facts, out _);
        var some = Hash.Of(SHA256.HashData(Encoding.UTF8.GetBytes("some")));
        var entry = new Entry(type, stream, version + 1, _ms++, leaf, key, facts, isSealed ? some : Hash.Zero, isSealed ? some : Hash.Zero);
        entry = change?.Invoke(entry) ?? entry;
        var bytes = entry.Encode();
        _facts.Add(purged ? $$"""{"position":{{_entries.Count}},"purged":true}""" : RealLog.FactsOf(_entries.Count, "test.v1", salt, "{}"u8));
        _entries.Add(bytes);
        _streams[stream] = (entry.Version, TreeHash.Leaf(bytes));
        return this;
    }
}
