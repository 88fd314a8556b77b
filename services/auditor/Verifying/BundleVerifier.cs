using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.EventStore;
using ConsentLedger.Ledger;
using ConsentLedger.Vault;

namespace ConsentLedger.Auditor.Verifying;

/// <summary>Checks one subject's stream by itself: that each entry is in the log, that none is missing from the first to the last here, and that what is told beside them is what they commit to.</summary>
/// <param name="subject">Whose it has to be; null where nobody was named.</param>
internal sealed class BundleVerifier(TrustPolicy policy, Checking checking, Guid? subject = null)
{
    private static readonly Fault Malformed = new("subject_bundle_malformed", $"Not a subject bundle ({SubjectBundle.KnownFormat}): JSON of exactly its members.");

    private readonly Findings _findings = new(checking.FaultLimit);
    private TrustedCheckpoint? _head;
    private int _opened, _sealed;

    public BundleFindings Run(ReadOnlySpan<byte> bytes)
    {
        if (SubjectBundle.Read(bytes) is not { } bundle)
        {
            _findings.Add(Malformed);
            return new BundleFindings(null, null, [], 0, 0, _findings);
        }

        if (!policy.TryOpen(bundle.CheckpointBytes, out _head, out var fault)) _findings.Add(Fault.Of(fault) with { File = LogFiles.Checkpoint });
        else if (_head.Head.Origin != bundle.Origin) _findings.Add(new Fault("subject_bundle_origin", "The bundle names another log than its checkpoint is of."));

        if (subject is { } asked && asked != bundle.Stream) _findings.Add(new Fault("subject_bundle_other", "The bundle is another subject's than the one asked for."));

        var entries = Walk(bundle);
        if (entries.Count == 0) _findings.Add(new Fault("subject_bundle_empty", "The bundle has no entry that could be checked."));
        else _findings.Remark($"Nothing is missing up to version {entries[^1].Entry.Version}. Whether anything came after it, only the log can say.");
        return new BundleFindings(bundle, _head, entries, _sealed, _opened, _findings);
    }

    private List<(BundledEntry Told, Entry Entry)> Walk(SubjectBundle bundle)
    {
        var (state, last, lastMs, entries) = (StreamState.New, -1L, 0L, new List<(BundledEntry, Entry)>());
        foreach (var told in bundle.Entries)
        {
            if (BundledEntry.Decode(told.Entry) is not { } bytes)
            {
                _findings.Add(Malformed with { Position = told.Position });
                continue;
            }

            if (!Entry.TryDecode(bytes, out var entry, out var fault))
            {
                _findings.Add(Fault.Of(fault) with { Position = told.Position });
                continue;
            }

            var leaf = TreeHash.Leaf(bytes);
            foreach (var wrong in FindOutOfLine(told, entry, leaf, bundle, state, last, lastMs)) _findings.Add(wrong.At(told.Position, entry));
            state.Follow(told.Position, entry, leaf, purged: told.Type is null);
            (last, lastMs) = (told.Position, entry.RecordedMs);
            entries.Add((told, entry));
        }

        if (state.Purged >= 0)
            _findings.Add(new Fault("facts_purged_unrecorded", "The bundle lacks the facts of this entry, and no later one (type 5) says that they were purged.") { Position = state.Purged, Stream = bundle.Stream });
        if (state.FindOverdue(bundle.Stream, NowMs(entries), checking.ErasureDays) is { } overdue) _findings.Add(overdue);
        var purged = entries.FindLastIndex(e => e.Item2.Type == EntryType.ContentsPurged);
        for (var i = 0; i < entries.Count; i++)
            foreach (var wrong in FindContents(entries[i].Item1, entries[i].Item2, mayBeGone: state.IsFenced || i < purged)) _findings.Add(wrong.At(entries[i].Item1.Position, entries[i].Item2));
        return entries;
    }

    private long NowMs(List<(BundledEntry Told, Entry Entry)> entries) =>
        (_head?.Witnessed ?? []).Select(w => w.At?.ToUnixTimeMilliseconds() ?? 0).Concat(entries.Select(e => e.Entry.RecordedMs)).Append(checking.AskedMs).Max();

    private IEnumerable<Fault> FindOutOfLine(BundledEntry told, Entry entry, Hash leaf, SubjectBundle bundle, StreamState state, long last, long lastMs)
    {
        if (entry.Stream != bundle.Stream) yield return new Fault("subject_bundle_stranger", "The entry is of another stream than the bundle's subject.");
        if (state.FindGap(entry) is { } gap) yield return gap;
        if (state.FindUnderFence(entry) is { } late) yield return late;
        if (state.FindOtherKey(entry) is { } other) yield return other;
        if (state.FindUnfenced(entry) is { } unfenced) yield return unfenced;
        if (state.FindLate(entry, checking.ErasureDays) is { } slow) yield return slow;
        if (told.Position <= last) yield return new Fault("subject_bundle_order", "The entry stands before the one in front of it.");
        if (entry.RecordedMs < lastMs) yield return new Fault("time_backwards", $"Recorded {lastMs - entry.RecordedMs} ms before the entry in front of it.");
        if (_head is null) yield break;
        var proof = told.Proof.Select(text => Hash.TryParse(Encoding.UTF8.GetBytes(text ?? ""), out var hash) ? hash : (Hash?)null).ToArray();
        if (proof.Contains(null)) yield return Malformed;
        else if (!InclusionProof.Verify(leaf, told.Position, _head.Head.Size, _head.Head.Root, [.. proof.Select(h => h!.Value)], out var fault)) yield return Fault.Of(fault);
    }

    private IEnumerable<Fault> FindContents(BundledEntry told, Entry entry, bool mayBeGone)
    {
        if (FindFacts(told, entry) is { } facts) yield return facts;
        var envelope = BundledEntry.Decode(told.Envelope);
        if (!entry.SealedHash.IsZero) _sealed++;
        if (told.Envelope is not null && envelope is null) yield return Malformed;
        else if (envelope is not null && Hash.Of(SHA256.HashData(envelope)) != entry.SealedHash) yield return new Fault("envelope_mismatch", "The envelope is not the one that the entry commits to.");
        else if (envelope is null && !entry.SealedHash.IsZero && !mayBeGone) yield return new Fault("envelope_missing", "Something is sealed here and not in the bundle, though neither an erasure nor a purge followed.");
        else if (FindDisclosed(told, entry, envelope) is { } disclosed) yield return disclosed;
    }

    private static Fault? FindFacts(BundledEntry told, Entry entry)
    {
        if (told.Type is null && told.Salt is null && told.Data is null) return null;
        if (told.Type is null || told.Data is not { } data || BundledEntry.Decode(told.Salt) is not { Length: FactsCommitment.SaltLength } salt) return Malformed;
        return FactsCommitment.TryCommit(salt, told.Type, Encoding.UTF8.GetBytes(data.GetRawText()), out var commitment, out _) && commitment == entry.Facts
            ? null
            : new Fault("facts_mismatch", "Type, salt and facts are not those that the entry commits to.");
    }

    private Fault? FindDisclosed(BundledEntry told, Entry entry, byte[]? envelope)
    {
        if (told.Okm is null) return told.Evidence is null ? null : new Fault("evidence_unproved", "Evidence is told without the keys that would open its envelope.");
        if (BundledEntry.Decode(told.Okm) is not { Length: Sealing.EventKeysLength } keys) return Malformed;
        if (envelope is null) return new Fault("evidence_unproved", "Keys are told for an envelope that is not there.");
        byte[] opened;
        try
        {
            opened = Sealing.OpenDisclosed(keys, new SealedPlace(entry.Type, new StreamId(entry.Stream), entry.Version, entry.KeyId), new SealedPart(envelope, entry.SealedCommit.Bytes.ToArray()));
        }
        catch (EnvelopeRefusedException)
        {
            return new Fault("envelope_unopened", "The keys do not open the envelope to the text that the entry commits to.");
        }

        _opened++;
        if (told.Evidence is not { } evidence)
        {
            _findings.Remark($"The envelope of position {told.Position} opens; the bundle does not tell what it holds.");
            return null;
        }

        return AreSame(opened, Encoding.UTF8.GetBytes(evidence.GetRawText())) ? null : new Fault("evidence_mismatch", "The envelope holds something else than the bundle tells.");
    }

    private static bool AreSame(byte[] one, byte[] other)
    {
        ArrayBufferWriter<byte> canonical = new(), canonicalOther = new();
        return CanonicalJson.TryWrite(one, canonical, out _) && CanonicalJson.TryWrite(other, canonicalOther, out _) && canonical.WrittenSpan.SequenceEqual(canonicalOther.WrittenSpan);
    }
}

/// <param name="Head">Null where the checkpoint is not to be believed.</param>
/// <param name="Sealed">How many entries sealed something.</param>
/// <param name="Opened">How many of those the bundle's keys opened.</param>
internal sealed record BundleFindings(SubjectBundle? Bundle, TrustedCheckpoint? Head, IReadOnlyList<(BundledEntry Told, Entry Entry)> Entries, int Sealed, int Opened, Findings Findings)
{
    /// <summary>How many entries' facts are left out.</summary>
    public int Purged => Entries.Count(e => e.Told.Type is null);
}
