using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Witnessing;

/// <summary>What a witness answers to one request, with what is to be kept before anybody hears it.</summary>
internal abstract record Decision
{
    private Decision() { }

    /// <param name="Latest">The checkpoint with the log's signatures and ours: from now on the latest.</param>
    /// <param name="Cosignature">The answer.</param>
    public sealed record Cosign(Note Latest, NoteSignature Cosignature) : Decision;

    /// <param name="Status">HTTP, as the protocol has it.</param>
    public sealed record Refuse(int Status, string Reason) : Decision;

    /// <summary>409: the size that we cosigned last.</summary>
    public sealed record NameSize(long Size) : Decision;
}

/// <summary>
/// The rules of a witness (C2SP tlog-witness): a checkpoint is cosigned only where its tree begins with the one that was cosigned last. Pure: who calls it sees to it
/// that nothing happens between reading the latest and keeping the next.
/// </summary>
/// <param name="key">Of type <see cref="SignatureType.CosignatureV1"/>.</param>
/// <param name="logs">Each log's keys are named by its origin; it may have several.</param>
internal sealed class Cosigner(SigningKey key, IEnumerable<VerifierKey> logs)
{
    private const string
        UnknownLog = "This witness was told of no log of this origin.",
        OldLarger = "The old size is larger than the new one.",
        EmptyRootWrong = "A tree without leaves has one root only, and this is another.",
        ProofOfNothing = "From an old size of 0 there is nothing to prove.";

    private readonly ILookup<string, VerifierKey> _logs = logs.ToLookup(log => log.Name);

    public VerifierKey Verifier => key.Verifier;

    public IEnumerable<string> Origins => _logs.Select(log => log.Key);

    /// <param name="latest">What was cosigned last for an origin; null where nothing was.</param>
    public Decision Decide(AddCheckpoint request, Func<string, Note?> latest, DateTimeOffset now)
    {
        if (!Checkpoint.TryParse(request.Checkpoint.Text.Span, out var head, out var fault)) return new Decision.Refuse(400, fault.Reason);
        if (!_logs.Contains(head.Origin)) return new Decision.Refuse(404, UnknownLog);

        // Signatures first: whoever is not the log learns nothing of it.
        if (!request.Checkpoint.TryVerify(_logs[head.Origin], out var signed, out fault)) return new Decision.Refuse(403, fault.Reason);
        if (request.OldSize > head.Size) return new Decision.Refuse(400, OldLarger);
        if (head.Size == 0 && head.Root != TreeHash.EmptyRoot) return new Decision.Refuse(422, EmptyRootWrong);

        var last = latest(head.Origin);
        var known = last is null ? null : HeadOf(last);
        if (request.OldSize != (known?.Size ?? 0)) return new Decision.NameSize(known?.Size ?? 0);
        if (FindInconsistency(known, head, request.Proof) is { } inconsistency) return new Decision.Refuse(422, inconsistency);

        // What we say of two moments stays true of both: never earlier than what we said last.
        var at = last is not null && TryReadTime(last, out var said) && said > now ? said : now;
        var note = signed.Aggregate(Note.Unsealed(request.Checkpoint.Text.Span), (note, s) => note.With(s.Signature));
        var cosigned = Cosignature.Cosign(note, key, at);
        return new Decision.Cosign(cosigned, cosigned.Signatures[^1]);
    }

    /// <summary>Whether this is a checkpoint of this log that we cosigned ourselves.</summary>
    public bool IsOurs(Note note, string origin) =>
        Checkpoint.TryParse(note.Text.Span, out var head, out _) && head.Origin == origin && note.TryVerify([key.Verifier], out _, out _);

    private static Checkpoint HeadOf(Note note) => Checkpoint.TryParse(note.Text.Span, out var head, out var fault) ? head : throw new InvalidDataException(fault.Reason);

    private static string? FindInconsistency(Checkpoint? known, Checkpoint head, IReadOnlyList<Hash> proof)
    {
        if (known is null or { Size: 0 }) return proof.Count == 0 ? null : ProofOfNothing;
        ConsistencyProof.Verify(known.Size, known.Root, head.Size, head.Root, [.. proof], out var fault);
        return fault?.Reason;
    }

    private bool TryReadTime(Note last, out DateTimeOffset time)
    {
        time = default;
        return last.Signatures.LastOrDefault(s => (s.Name, s.KeyId) == (key.Verifier.Name, key.Verifier.Id)) is { } ours && Cosignature.TryReadTime(ours, out time);
    }
}
