using ConsentLedger.EventStore;
using ConsentLedger.Ledger;

namespace ConsentLedger.Transparency.Signing;

/// <summary>
/// One tenant's tree as the signer has seen it itself, entry by entry from the last checkpoint on. Three accounts of the same tree have to agree before it is
/// signed: the entries, the head that the writers moved on, and the tiles from which everybody else will be given proofs.
/// </summary>
internal sealed class GrowingTree(TenantId tenant, IEventEngine engine, LogTree stored)
{
    private const int EntriesAtOnce = 4096;

    private static readonly LedgerFault
        Shrunk = new("log_shrunk", "The tree is smaller than the checkpoint that was published of it."),
        NotTheTree = new("log_checkpoint_mismatch", "The published checkpoint is not of the stored tree."),
        EntriesMissing = new("log_entries_missing", "The store has fewer entries than its head says."),
        EntriesDiffer = new("log_entries_mismatch", "The entries do not make the tree that the head says."),
        TilesMissing = new("log_tiles_missing", "The store lacks a part of the tree."),
        TilesDiffer = new("log_tiles_mismatch", "The stored tiles do not make the tree that the entries make.");

    private Frontier _seen = Frontier.Empty;

    /// <summary>Where what was published ends.</summary>
    /// <param name="head">The tree now.</param>
    /// <returns>Why the stored tree cannot be what was published.</returns>
    public async Task<LedgerFault?> BeginAsync(Checkpoint published, Frontier head, CancellationToken ct)
    {
        if (head.Size < published.Size) return Shrunk;
        var frontier = await ReadAsync(() => stored.ReadFrontierAsync(tenant, published.Size, ct));
        if (frontier is null) return TilesMissing;
        _seen = frontier;
        return frontier.Root == published.Root ? null : NotTheTree;
    }

    /// <summary>Sees the tree grow up to <paramref name="head"/>.</summary>
    /// <returns>Why it did not.</returns>
    public async Task<LedgerFault?> GrowAsync(Frontier head, CancellationToken ct)
    {
        if (head.Size < _seen.Size) return Shrunk;
        var grown = _seen;
        while (grown.Size < head.Size)
        {
            var wanted = (int)Math.Min(EntriesAtOnce, head.Size - grown.Size);
            var entries = await engine.ReadEntriesAsync(tenant, grown.Size, wanted, ct);
            if (entries.Count != wanted) return EntriesMissing;
            grown = grown.Append(entries.Select(e => TreeHash.Leaf(e.Bytes)).ToArray()).After;
        }

        if (grown.Root != head.Root) return EntriesDiffer;
        if (await ReadAsync(() => stored.ReadFrontierAsync(tenant, grown.Size, ct)) is not { } tiles) return TilesMissing;
        if (tiles.Root != grown.Root) return TilesDiffer;
        _seen = grown;
        return null;
    }

    /// <summary>That the proof everybody else will be given, from an earlier checkpoint to what was seen, holds.</summary>
    public async Task<LedgerFault?> ProveAsync(Checkpoint published, CancellationToken ct)
    {
        if (await ReadAsync(() => stored.ProveConsistencyAsync(tenant, published.Size, _seen.Size, ct)) is not { } proof) return TilesMissing;
        ConsistencyProof.Verify(published.Size, published.Root, _seen.Size, _seen.Root, proof, out var fault);
        return fault;
    }

    private static async Task<T?> ReadAsync<T>(Func<Task<T>> read)
        where T : class
    {
        try
        {
            return await read();
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
