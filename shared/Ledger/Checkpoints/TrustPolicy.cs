using System.Diagnostics.CodeAnalysis;

namespace ConsentLedger.Ledger;

/// <summary>Whose checkpoints are believed: any of these logs, with enough of these witnesses (C2SP tlog-policy). <see cref="TrustPolicyReader"/> reads one from its file.</summary>
/// <param name="Logs">Keys of type <see cref="SignatureType.Ed25519"/>, named as the log's origin, unless <see cref="Origin"/> says otherwise.</param>
/// <param name="Witnesses">Keys of type <see cref="SignatureType.CosignatureV1"/>.</param>
public sealed record TrustPolicy(IReadOnlyList<VerifierKey> Logs, IReadOnlyList<VerifierKey> Witnesses, Quorum Quorum)
{
    private static readonly LedgerFault
        UnknownLog = new("checkpoint_origin_unknown", "The policy trusts no log of this origin."),
        Unsigned = new("checkpoint_unsigned", "The log of this origin did not sign the checkpoint."),
        Unwitnessed = new("checkpoint_quorum_missed", "Fewer witnesses cosigned the checkpoint than the policy asks for.");

    /// <summary>The one origin to be believed, where its log's key has another name, as that of some older logs has.</summary>
    public string? Origin { get; init; }

    /// <summary>Believes one log and asks no witness.</summary>
    public static TrustPolicy Of(VerifierKey log) => new([log], [], new Quorum.None());

    /// <summary>Reads a signed checkpoint and believes it, or says why not.</summary>
    public bool TryOpen(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out TrustedCheckpoint? checkpoint, [NotNullWhen(false)] out LedgerFault? fault)
    {
        checkpoint = null;
        if (!Note.TryParse(bytes, out var note, out fault) || !Ledger.Checkpoint.TryParse(note.Text.Span, out var head, out fault)) return false;

        var logs = Logs.Where(log => (Origin ?? log.Name) == head.Origin).ToList();
        fault = logs.Count == 0 ? UnknownLog : null;
        if (fault is not null || !note.TryVerify(logs.Concat(Witnesses), out var signed, out fault)) return false;

        var cosigned = signed.Where(s => s.Key.Type == SignatureType.CosignatureV1).ToList();
        fault = cosigned.Count == signed.Count ? Unsigned
            : !Quorum.IsMet(cosigned.Select(c => c.Key).ToHashSet()) ? Unwitnessed
            : null;
        if (fault is not null) return false;

        checkpoint = new TrustedCheckpoint(head, note, [.. cosigned.Select(c => new Witnessing(c.Key, Cosignature.TryReadTime(c.Signature, out var time) ? time : null))]);
        return true;
    }
}

/// <summary>A checkpoint that a policy believes.</summary>
/// <param name="Witnessed">The known witnesses' cosignatures, all of which hold.</param>
public sealed record TrustedCheckpoint(Checkpoint Head, Note Note, IReadOnlyList<Witnessing> Witnessed);

/// <param name="At">Null where the time is beyond what a calendar holds.</param>
public sealed record Witnessing(VerifierKey Witness, DateTimeOffset? At);
