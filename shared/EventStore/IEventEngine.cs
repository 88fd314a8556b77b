using ConsentLedger.Ledger;

namespace ConsentLedger.EventStore;

/// <summary>
/// The port to where events are kept. An engine stores; it decides nothing. Three stand behind it: memory (the reference), Npgsql and Marten,
/// and one contract suite runs on each. Outages surface as <see cref="StoreUnavailableException"/>, lost races as <see cref="AppendConflictException"/>.
/// </summary>
public interface IEventEngine
{
    /// <summary>Creates what is missing. Harmless to repeat, and to run from several processes at once.</summary>
    Task EnsureSchemaAsync(CancellationToken ct);

    /// <summary>What this tenant's head, commands and streams are now. The head is no newer than the rest, so a stale answer fails at the append.</summary>
    /// <param name="commands">Ids whose earlier outcomes are wanted.</param>
    /// <param name="streams">Streams whose events are wanted.</param>
    Task<Snapshot> LoadAsync(TenantId tenant, IReadOnlyCollection<Digest> commands, IReadOnlyCollection<StreamId> streams, CancellationToken ct);

    /// <summary>Writes everything if the head is where the batch believes it, and nothing otherwise.</summary>
    /// <param name="close">Asked once, when it is the batch's turn, so that what comes until then is in it; null when there is nothing to write any more.</param>
    Task AppendAsync(TenantId tenant, Func<Batch?> close, CancellationToken ct);

    /// <summary>As <see cref="LoadAsync"/>, with the tenant's head locked until the transaction ends: what it read cannot become stale.</summary>
    Task<IEventTransaction> BeginAsync(TenantId tenant, IReadOnlyCollection<Digest> commands, IReadOnlyCollection<StreamId> streams, CancellationToken ct);

    /// <summary>All events of these streams up to now, as of one moment, each stream in version order.</summary>
    Task<IReadOnlyList<StoredEvent>> ReadStreamsAsync(IReadOnlyCollection<StreamSlice> streams, CancellationToken ct);

    /// <summary>At most <paramref name="limit"/> events of a tenant at <paramref name="position"/> and beyond, in order. Never skips one.</summary>
    Task<IReadOnlyList<StoredEvent>> ReadFromAsync(TenantId tenant, long position, int limit, CancellationToken ct);

    /// <summary>At most <paramref name="limit"/> entries of a tenant's tree at <paramref name="position"/> and beyond, in order.</summary>
    Task<IReadOnlyList<StoredEntry>> ReadEntriesAsync(TenantId tenant, long position, int limit, CancellationToken ct);

    /// <summary>The tenant's tree as its last commit left it.</summary>
    Task<Frontier> ReadTreeAsync(TenantId tenant, CancellationToken ct);

    /// <summary>At most <paramref name="limit"/> events of a stream after this version, in order, each with its entry and what is left of its sealed part.</summary>
    Task<IReadOnlyList<ProvableEvent>> ReadProvableAsync(StreamKey stream, long afterVersion, int limit, CancellationToken ct);

    /// <summary>The sealed parts of a stream that are still there, by version.</summary>
    Task<IReadOnlyDictionary<long, byte[]>> ReadSealedAsync(StreamKey stream, CancellationToken ct);

    /// <summary>Deletes the sealed parts of a stream. The events and their facts stay.</summary>
    Task PurgeSealedAsync(StreamKey stream, CancellationToken ct);

    /// <summary>Every tenant with events, and the position its next one will take.</summary>
    Task<IReadOnlyDictionary<TenantId, long>> ReadHeadsAsync(CancellationToken ct);

    /// <summary>As <see cref="ReadHeadsAsync"/>, for who follows the log: what another process appended may be missing until it tells, or for a second.</summary>
    Task<IReadOnlyDictionary<TenantId, long>> FollowHeadsAsync(CancellationToken ct) => ReadHeadsAsync(ct);

    /// <summary>As <see cref="ReadFromAsync"/>, for who follows the log: what this process appended need not be read back. The members of an event's facts may stand in another order then.</summary>
    Task<IReadOnlyList<StoredEvent>> FollowFromAsync(TenantId tenant, long position, int limit, CancellationToken ct) => ReadFromAsync(tenant, position, limit, ct);

    /// <summary>Becomes the one reader of this name among all processes, or answers null when another is.</summary>
    Task<ISubscriptionLease?> TryLeaseAsync(string subscription, CancellationToken ct);

    /// <summary>Completes when something was appended, here or in another process, or after <paramref name="atMost"/>. A hint, never a promise.</summary>
    Task WaitForAppendAsync(TimeSpan atMost, CancellationToken ct);
}

/// <param name="Tree">The tenant's, at the head.</param>
/// <param name="Events">Each stream in version order.</param>
public sealed record Snapshot(Head Head, Frontier Tree, IReadOnlyDictionary<Digest, Remembered> Remembered, IReadOnlyList<StoredEvent> Events);

/// <summary>One open writing transaction. Disposing without commit writes nothing.</summary>
public interface IEventTransaction : IAsyncDisposable
{
    Snapshot Snapshot { get; }

    /// <summary>Writes everything or nothing.</summary>
    Task CommitAsync(Batch batch, CancellationToken ct);

    /// <summary>Writes nothing, and returns when what the snapshot showed is as durable as a commit would be: it may be repeated to callers.</summary>
    Task EndAsync(CancellationToken ct);
}

/// <summary>The exclusive right to move one subscription's checkpoints on; lost, with an exception at the next save, when its connection is.</summary>
public interface ISubscriptionLease : IAsyncDisposable
{
    /// <summary>The next position to handle, per tenant; a tenant not in it starts at 0.</summary>
    Task<IReadOnlyDictionary<TenantId, long>> ReadCheckpointsAsync(CancellationToken ct);

    Task SaveCheckpointAsync(TenantId tenant, long nextPosition, CancellationToken ct);
}

/// <param name="AfterVersion">The last version already known; 0 reads from the start.</param>
public readonly record struct StreamSlice(StreamKey Stream, long AfterVersion = 0)
{
    public static implicit operator StreamSlice(StreamKey stream) => new(stream);
}

/// <param name="NextPosition">The position of the tenant's next event.</param>
/// <param name="RecordedAt">When its last one was recorded.</param>
public readonly record struct Head(long NextPosition, DateTimeOffset RecordedAt);

/// <summary>An outcome as it is kept for repeats of its command.</summary>
public readonly record struct Remembered(Digest Body, Outcome Outcome);

/// <summary>Everything that one transaction writes for one tenant.</summary>
/// <param name="From">Where the tenant's head must be.</param>
/// <param name="To">Where it then is.</param>
/// <param name="Tree">How the tenant's tree grows by the events' entries: what is acknowledged is in it.</param>
public sealed record Batch(
    TenantId Tenant,
    Head From,
    Head To,
    TreeGrowth Tree,
    IReadOnlyList<AppendedEvent> Events,
    IReadOnlyList<StreamChange> Streams,
    IReadOnlyList<(Digest Command, Remembered Outcome)> Outcomes);

/// <param name="Facts">The event as the decider made it, for projections.</param>
/// <param name="Entry">What the ledger says of it.</param>
/// <param name="Envelope">The sealed part, or null.</param>
public sealed record AppendedEvent(StoredEvent Event, object Facts, StoredEntry Entry, byte[]? Envelope);

/// <summary>One leaf of a tenant's tree.</summary>
/// <param name="Bytes">An encoded <see cref="Ledger.Entry"/>.</param>
/// <param name="Salt">What its commitment to the facts was made with; null when the contents were purged.</param>
public sealed record StoredEntry(byte[] Bytes, byte[]? Salt);

/// <summary>All that is kept of one event.</summary>
/// <param name="Envelope">The sealed part; null where nothing was sealed, or no longer there.</param>
public sealed record ProvableEvent(StoredEvent Event, StoredEntry Entry, byte[]? Envelope);

/// <param name="FromVersion">0 for a new stream.</param>
/// <param name="Before">The state that the batch found, for projections that have nothing to do where nothing of theirs changed.</param>
/// <param name="State">The state after the batch, for projections.</param>
public sealed record StreamChange(StreamKey Stream, StreamType Type, long FromVersion, long ToVersion, object Before, object State);

/// <summary>A writer that did not hold the head took a version or position first. Nothing of this batch was written.</summary>
public sealed class AppendConflictException(string constraint, Exception? inner = null) : Exception($"Another writer was first ({constraint}).", inner)
{
    public string Constraint { get; } = constraint;
}

/// <summary>The store cannot be reached, or its answer was lost: what was sent may or may not be written, and the same command id finds out.</summary>
public class StoreUnavailableException(string reason, Exception? inner = null) : Exception(reason, inner);
