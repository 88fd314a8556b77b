using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Consent.HandingOver;
using ConsentLedger.EventStore;
using ConsentLedger.Ledger;
using ConsentLedger.Vault;

namespace ConsentLedger.Auditor.HandingOver;

/// <summary>
/// Holds the keys and envelopes of a hand-over against the entries, stream by stream. Remembers of each stream as much as <see cref="Handed"/> holds; where all streams do not fit, it lets
/// some go, and says which it kept, as <see cref="StreamCheck"/> does.
/// </summary>
internal sealed class HandedStreams
{
    private readonly TenantId _tenant;
    private readonly TransportKey _transport;
    private readonly IdHash _hash;
    private readonly Shard?[] _shards;
    private readonly int _firstShard;
    private readonly long _size, _allowed;
    private long _memory;

    /// <param name="size">Of the checkpoint that the hand-over is of.</param>
    /// <param name="firstShard">Streams below it were checked before.</param>
    /// <param name="allowed">In bytes.</param>
    public HandedStreams(TenantId tenant, TransportKey transport, long size, IdHash hash, int firstShard, long allowed)
    {
        (_tenant, _transport, _size, _hash, _firstShard, _allowed) = (tenant, transport, size, hash, firstShard, allowed);
        _shards = [.. Enumerable.Range(0, IdHash.Shards).Select(i => i < firstShard ? null : new Shard())];
        _memory = _shards.Sum(shard => shard?.Memory ?? 0);
    }

    /// <summary>Streams from here on were let go, and have to be checked another time; 256 where none was.</summary>
    public int EndShard { get; private set; } = IdHash.Shards;

    public void Add(HandedOverKey key)
    {
        if (ShardOf(key.Subject) is not { } shard) return;
        ref var stream = ref shard.Get(key.Subject, _hash, ref _memory);
        stream.KeyId = key.Key;
        stream.HasKey = true;
        if (TryKeep(key.Wrapped, ref stream) && TryUnwrap(key.Subject, stream, out var opened)) opened.Dispose();
        else shard.Add(new Fault("handover_key_unopened", "The key does not open under the transport key as this subject's.") { Stream = key.Subject });
        LetGo();
    }

    /// <param name="envelope">Handed over for this entry; null where none was.</param>
    public void Add(long position, in Entry entry, byte[]? envelope)
    {
        var isSealed = !entry.SealedHash.IsZero && position < _size;
        if ((!isSealed && entry.Type is not (EntryType.ErasureRequested or EntryType.ContentsPurged)) || ShardOf(entry.Stream) is not { } shard) return;
        ref var stream = ref shard.Get(entry.Stream, _hash, ref _memory);
        if (isSealed) stream.IsSealed = true;
        if (isSealed && envelope is null && stream.Absent < 0) stream.Absent = position;
        if (isSealed && envelope is not null)
        {
            if (stream.Present < 0) stream.Present = position;
            if (stream.HasKey && FindUnopened(entry, envelope, stream) is { } fault) shard.Add(fault.At(position, entry));
            else if (stream.HasKey) shard.Opened++;
        }

        if (entry.Type == EntryType.ErasureRequested && stream.Fence < 0) stream.Fence = position;
        if (entry.Type == EntryType.ContentsPurged) stream.Absent = Handed.Nowhere;
        LetGo();
    }

    /// <summary>Once all entries were added.</summary>
    /// <param name="until">Of the log when the hand-over was over, in entries: a fence below it may have kept somebody out.</param>
    public HandedTotals Finish(long until, Findings findings)
    {
        var totals = new HandedTotals();
        foreach (var shard in _shards)
        {
            if (shard is null) continue;
            shard.Finish(_size, until, findings, ref totals);
        }

        return totals;
    }

    private Fault? FindUnopened(in Entry entry, byte[] envelope, in Handed stream)
    {
        var unopened = new Fault("handover_envelope_unopened", "The key handed over for this stream does not open the envelope to what the entry commits to.");
        if (entry.KeyId != stream.KeyId || !TryUnwrap(entry.Stream, stream, out var key)) return unopened;
        using (key)
        {
            try
            {
                CryptographicOperations.ZeroMemory(key.Open(entry.Version, new SealedPart(envelope, entry.SealedCommit.Bytes.ToArray())));
                return null;
            }
            catch (EnvelopeRefusedException)
            {
                return unopened;
            }
        }
    }

    private bool TryUnwrap(Guid subject, in Handed stream, [NotNullWhen(true)] out SubjectKey? key) =>
        _transport.TryUnwrap(((ReadOnlySpan<byte>)stream.Wrapped).ToArray(), new StreamKey(_tenant, new StreamId(subject)), stream.KeyId, out key);

    private static bool TryKeep(byte[] wrapped, ref Handed stream) => wrapped.Length == WrappedKeyBytes.Length && wrapped.AsSpan().TryCopyTo(stream.Wrapped);

    private Shard? ShardOf(Guid id) => _shards[_hash.ShardOf(id)];

    private void LetGo()
    {
        while (_memory > _allowed && EndShard > _firstShard + 1)
        {
            ref var last = ref _shards[--EndShard];
            _memory -= last!.Memory;
            last = null;
        }
    }

    private sealed class Shard
    {
        private const int Kept = 1000;

        private readonly StreamTable<Handed> _streams = new();
        private readonly List<Fault> _faults = [];
        private long _untold;

        public long Memory => _streams.Memory;

        public long Opened { get; set; }

        public ref Handed Get(Guid id, IdHash hash, ref long memory)
        {
            var before = _streams.Memory;
            ref var stream = ref _streams.GetOrAdd(id, hash, out var added);
            memory += _streams.Memory - before;
            if (added) stream = Handed.New;
            return ref stream;
        }

        public void Add(Fault fault)
        {
            if (_faults.Count < Kept) _faults.Add(fault);
            else _untold++;
        }

        public void Finish(long size, long until, Findings findings, ref HandedTotals totals)
        {
            findings.Add(_faults);
            findings.AddUntold(_untold);
            totals.Opened += Opened;
            foreach (var (id, stream) in _streams.All())
            {
                findings.Add(stream.FindFaults(size, until).Select(fault => fault with { Stream = id }));
                if (stream.IsFencedWithin(0, size) && stream.IsSealed) totals.ErasedBefore++;
                if (!stream.HasKey || !stream.IsFencedWithin(size, long.MaxValue)) continue;
                totals.ErasedSince++;
                findings.Remark($"Stream {id:D} was handed over, and its erasure began at position {stream.Fence}: it may not be taken over.");
            }
        }
    }
}

/// <summary>What is remembered of a stream: 136 bytes. Keys stay wrapped, and are in the clear for one envelope at a time.</summary>
internal struct Handed
{
    public const long Nowhere = -1;

    public static Handed New => new() { Fence = Nowhere, Absent = Nowhere, Present = Nowhere };

    public WrappedKeyBytes Wrapped;

    public Guid KeyId { get; set; }

    public bool HasKey { get; set; }

    /// <summary>Whether anything was sealed in it below the checkpoint.</summary>
    public bool IsSealed { get; set; }

    /// <summary>The position of the first entry of type 3.</summary>
    public long Fence { get; set; }

    /// <summary>The first sealed entry without its envelope, where no purge was recorded after it.</summary>
    public long Absent { get; set; }

    /// <summary>The first sealed entry with its envelope.</summary>
    public long Present { get; set; }

    public readonly bool IsFencedWithin(long from, long below) => Fence >= from && Fence < below;

    public readonly IEnumerable<Fault> FindFaults(long size, long until)
    {
        if (IsFencedWithin(0, size))
        {
            if (HasKey) yield return new Fault("handover_key_erased", "The key was handed over though the erasure had begun here.") { Position = Fence };
            if (Present >= 0) yield return new Fault("handover_envelope_erased", $"The envelope was handed over though the stream's erasure had begun, at position {Fence}.") { Position = Present };
            yield break;
        }

        if (HasKey && !IsSealed) yield return new Fault("handover_key_unknown", "Nothing in the log is sealed under a key of this stream, so none could be handed over.");
        if (IsFencedWithin(size, until)) yield break;
        if (!HasKey && (Absent >= 0 || Present >= 0))
            yield return new Fault("handover_key_missing", "Something is sealed here, no erasure of the stream had begun, and its key was not handed over.") { Position = Present >= 0 ? Present : Absent };
        if (Absent >= 0) yield return new Fault("handover_envelope_missing", "Something is sealed here, neither an erasure nor a purge followed, and the envelope was not handed over.") { Position = Absent };
    }
}

/// <summary>32 bytes of key and 32 that say whose it is, behind the 8 of AES-KWP.</summary>
[InlineArray(Length)]
internal struct WrappedKeyBytes
{
    public const int Length = 72;

    private byte _first;
}

internal struct HandedTotals
{
    public long Opened { get; set; }

    /// <summary>Streams with something sealed whose erasure had begun before.</summary>
    public long ErasedBefore { get; set; }

    /// <summary>Streams whose key was handed over and whose erasure began after.</summary>
    public long ErasedSince { get; set; }

    public static HandedTotals operator +(HandedTotals one, HandedTotals other) =>
        new() { Opened = one.Opened + other.Opened, ErasedBefore = one.ErasedBefore + other.ErasedBefore, ErasedSince = one.ErasedSince + other.ErasedSince };
}
