using ConsentLedger.Auditor.Reading;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Verifying;

/// <summary>What is wrong between a checkpoint and an older one of the same log.</summary>
internal static class Since
{
    /// <summary>What the two say against each other, whatever the tree is.</summary>
    public static Fault? Find(Checkpoint older, Checkpoint head) => older switch
    {
        _ when older.Origin != head.Origin => new Fault("since_origin", $"The older checkpoint is of {older.Origin}, which is another log."),
        _ when older.Size > head.Size => new Fault("since_larger", $"The older checkpoint has {older.Size} entries and this one {head.Size}: the log was rolled back, or this one is the older."),
        { Size: 0 } when older.Root != TreeHash.EmptyRoot => new Fault("since_mismatch", "The older checkpoint is of an empty tree, and its root is not."),
        _ when older.Size == head.Size && older.Root != head.Root => new Fault(
            "since_mismatch", $"Of {head.Size} entries the older checkpoint has the root {older.Root.ToBase64()}, and this one {head.Root.ToBase64()}: the log showed two trees."),
        _ => null,
    };

    /// <summary>For what has a checkpoint and no tiles.</summary>
    /// <exception cref="UnansweredException">The two say nothing against each other, and the log grew between them, so only its tree could.</exception>
    public static IReadOnlyList<Fault> FindAll(IReadOnlyList<Checkpoint> older, Checkpoint head)
    {
        var faults = older.Select(o => Find(o, head)).OfType<Fault>().ToList();
        if (faults.Count > 0 || older.All(o => o.Size == 0 || o.Size == head.Size)) return faults;
        throw new UnansweredException("since_untold", "The log grew after the older checkpoint, and whether it begins with that tree only its tiles tell: hold an export, or the running log, against it.");
    }

    /// <summary>With the tiles of the newer one.</summary>
    public static async Task<Fault?> FindAsync(LogFiles log, Checkpoint older, Checkpoint head, CancellationToken ct)
    {
        if (Find(older, head) is { } wrong) return wrong;
        if (older.Size == 0) return null;
        var proof = await log.ProveAsync(head.Size, nodes => ConsistencyProof.Prove(older.Size, head.Size, nodes), ct);
        return ConsistencyProof.Verify(older.Size, older.Root, head.Size, head.Root, proof, out var fault) ? null
            : new Fault("since_mismatch", $"The log does not begin with the {older.Size} entries it was signed for before, or its tiles are not its tree's. {fault.Reason}");
    }
}
