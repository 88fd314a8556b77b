using ConsentLedger.EventStore;
using ConsentLedger.Ledger;

namespace ConsentLedger.Transparency.Signing;

/// <summary>What became of a look at a tenant's tree.</summary>
internal abstract record Signed
{
    private Signed() { }

    /// <summary>Published, or there was nothing new.</summary>
    internal sealed record Current(long Size, bool IsNew) : Signed;

    /// <summary>Signed, and not published: too few witnesses answered.</summary>
    internal sealed record Unwitnessed : Signed;

    /// <summary>The store is not what was published of it. Nothing of it was signed, or what was signed stays here.</summary>
    internal sealed record Refused(LedgerFault Fault) : Signed;
}

/// <summary>Signs one tenant's tree. It may lose the right to and get it back; what it last published it remembers meanwhile.</summary>
internal sealed class TenantSigner(TenantId tenant, IEventEngine engine, LogTree stored, Checkpoints checkpoints, LogKeys keys, Witnesses witnesses)
{
    public static readonly LedgerFault Unreadable = new("log_unreadable", "What is stored of this log cannot be read.");

    private static readonly LedgerFault
        Forged = new("log_checkpoint_forged", "The stored checkpoint has this log's name and not its signature."),
        CheckpointLost = new("log_checkpoint_lost", "The stored checkpoint is older than one this process has published.");

    private GrowingTree _tree = null!;
    private SignedCheckpoint? _published;
    private bool _begun;

    /// <summary>Another process may have signed since: whatever was seen is looked at again.</summary>
    public void Begin() => (_tree, _begun) = (new GrowingTree(tenant, engine, stored), false);

    /// <summary>Looks at the tree once, and publishes a checkpoint of it if it has grown.</summary>
    public async Task<Signed> SignAsync(SignerLease lease, CancellationToken ct)
    {
        if (!_begun && await CatchUpAsync(ct) is { } broken) return new Signed.Refused(broken);

        var head = await engine.ReadTreeAsync(tenant, ct);
        if (await _tree.GrowAsync(head, ct) is { } diverged) return new Signed.Refused(diverged);
        var checkpoint = new Checkpoint(keys.OriginOf(tenant), head.Size, head.Root);
        if (_published is { Head: var last } && (last.Origin, last.Size, last.Root) == (checkpoint.Origin, checkpoint.Size, checkpoint.Root)) return new Signed.Current(head.Size, IsNew: false);
        if (_published is not null && await _tree.ProveAsync(_published.Head, ct) is { } unprovable) return new Signed.Refused(unprovable);

        // The point of no return: from the first witness on, somebody outside may have seen this tree, and the log can never be smaller again. It cannot be:
        // its entries were committed before they were read here. A crash before the checkpoint is stored leaves nothing behind but, perhaps, witnesses who know
        // of it; the next signer signs this tree or a larger one, and proves to them that it begins with theirs. A crash after it is stored leaves waiters to
        // their next look and the bus untold, and the announcer finds that in the row.
        var cosigning = await witnesses.CosignAsync(keys.Sign(tenant, checkpoint), async (from, to, ct) => await stored.ProveConsistencyAsync(tenant, from, to, ct), ct);
        if (!cosigning.HasQuorum)
        {
            // Read now: whoever had the right to sign before us may have shown more of it than we had read.
            return cosigning.FindFault((await engine.ReadTreeAsync(tenant, ct)).Size) is { } fault ? new Signed.Refused(fault) : new Signed.Unwitnessed();
        }

        var witnessed = new SignedCheckpoint(checkpoint, cosigning.Note.ToBytes());
        if (!await checkpoints.PublishAsync(tenant, _published?.Head.Size ?? 0, witnessed, lease, ct))
            throw new StoreUnavailableException("Another process publishes checkpoints while this one holds the lock for it.");
        _published = witnessed;
        return new Signed.Current(checkpoint.Size, IsNew: true);
    }

    /// <summary>From what is stored now, and not from what this process believes: except that nothing may be behind that.</summary>
    /// <returns>Why the stored tree cannot be what was published.</returns>
    public async Task<LedgerFault?> CatchUpAsync(CancellationToken ct)
    {
        // The checkpoint first: a head that is read later is never smaller.
        var found = await checkpoints.FindAsync(tenant, ct);
        if ((found?.Head.Size ?? 0) < (_published?.Head.Size ?? 0)) return CheckpointLost;
        if (found is not null)
        {
            if (!IsOurs(found)) return Forged;
            if (await _tree.BeginAsync(found.Head, await engine.ReadTreeAsync(tenant, ct), ct) is { } fault) return fault;
            if (_published is not null && await _tree.ProveAsync(_published.Head, ct) is { } forked) return forked;
        }

        (_published, _begun) = (found, true);
        return null;
    }

    // One under another name is of a log before this one: its key may be gone, and its tree is still the beginning of ours.
    private bool IsOurs(SignedCheckpoint found) => found.Head.Origin != keys.OriginOf(tenant) || TrustPolicy.Of(keys.VerifierOf(tenant)).TryOpen(found.Note, out _, out _);
}
