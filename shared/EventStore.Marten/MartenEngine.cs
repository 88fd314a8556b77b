using System.Runtime.ExceptionServices;
using ConsentLedger.EventStore.Npgsql;
using JasperFx;
using JasperFx.Events;
using Marten;
using Marten.Exceptions;
using Marten.Services;
using Npgsql;

namespace ConsentLedger.EventStore.Marten;

/// <summary>
/// Marten under the group commit: one session a batch keeps the streams, in the transaction in which the ledger takes its positions. All else is the
/// native engine's, and either may open what the other wrote, also while it writes.
/// </summary>
public sealed class MartenEngine : NpgsqlEngine, IAsyncDisposable
{
    // A batch is one page: Marten's default of 500 operations would cut it into several round trips.
    private const int OperationsInOneRoundTrip = 10_000;

    private readonly NpgsqlDataSource _dataSource;
    private readonly DocumentStore _store;

    public MartenEngine(NpgsqlDataSource dataSource, EventCatalog catalog, params IReadOnlyList<IInlineProjection> projections)
        : base(dataSource, projections)
    {
        _dataSource = dataSource;
        _store = DocumentStore.For(options =>
        {
            options.Connection(dataSource);
            options.AddConsentLedgerStreams(catalog);
            options.UpdateBatchSize = OperationsInOneRoundTrip;
            options.AutoCreateSchemaObjects = AutoCreate.None;

            // Nothing may be tried again inside our transaction; the loop does so around it.
            options.ConfigureWritePolly(_ => { });
        });
    }

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await DisposeAsync();
        await _store.DisposeAsync();
    }

    protected override Task EnsureStreamTablesAsync(NpgsqlConnection connection, CancellationToken ct) =>
        _store.Storage.Database.ApplyAllConfiguredChangesToDatabaseAsync(AutoCreate.CreateOrUpdate, ct: ct);

    protected override async Task WriteAsync(IReadOnlyList<Batch> batches, NpgsqlConnection connection, NpgsqlTransaction? transaction)
    {
        if (transaction is not null)
        {
            await WriteInAsync(transaction, batches);
            return;
        }

        await using var own = await connection.BeginTransactionAsync(CancellationToken.None);
        await WriteInAsync(own, batches);
        await CommitAsync(connection);
    }

    private async Task WriteInAsync(NpgsqlTransaction transaction, IReadOnlyList<Batch> batches)
    {
        // The heads first: they are the locks, so a lost race takes no sequence number and leaves no gap for Marten's daemon to wait at.
        await WriteLedgerAsync(batches, transaction);
        foreach (var batch in batches.Where(b => b.Events.Count > 0)) await WriteStreamsAsync(transaction, batch);
    }

    private async Task WriteStreamsAsync(NpgsqlTransaction transaction, Batch batch)
    {
        var options = SessionOptions.ForTransaction(transaction);
        options.TenantId = batch.Tenant.ToString();
        await using var session = _store.LightweightSession(options);
        var events = batch.Events.ToLookup(e => e.Event.Stream, e => Wrap(session, e));
        foreach (var change in batch.Streams)
        {
            _ = change.FromVersion == 0
                ? session.Events.StartStream(change.Type.State, change.Stream.Id.ToString(), events[change.Stream])
                : session.Events.Append(change.Stream.Id.ToString(), change.ToVersion, events[change.Stream]);
        }

        try
        {
            await session.SaveChangesAsync(CancellationToken.None);
        }
        catch (MartenCommandException e) when (e.InnerException is NpgsqlException inner)
        {
            ExceptionDispatchInfo.Throw(inner);
        }
        catch (Exception e) when (e is EventStreamUnexpectedMaxEventIdException or ExistingStreamIdCollisionException or ConcurrentUpdateException)
        {
            throw new AppendConflictException(e.GetType().Name, e);
        }
        catch (InvalidStreamOperationException e)
        {
            // Somebody archived a stream. That hides it from their queries, but a person's next act is recorded all the same: reopened, and once more.
            await transaction.RollbackAsync(CancellationToken.None);
            await ReopenAsync(batch);
            throw new AppendConflictException(e.GetType().Name, e);
        }
    }

    private async Task ReopenAsync(Batch batch)
    {
        await using var reopen = _dataSource.CreateCommand("update mt_streams set is_archived = false where tenant_id = $1 and id = any($2) and is_archived");
        reopen.Parameters.Add(new() { Value = batch.Tenant.ToString() });
        reopen.Parameters.Add(new() { Value = batch.Streams.Select(s => s.Stream.Id.ToString()).ToArray() });
        await reopen.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private static object Wrap(IDocumentSession session, AppendedEvent appended)
    {
        var stored = appended.Event;
        var e = session.Events.BuildEvent(appended.Facts);
        e.Id = stored.Id;
        e.Timestamp = stored.Place.RecordedAt;
        e.SetHeader("position", stored.Place.Position);
        e.SetHeader("leaf", stored.Leaf.ToBase64());
        if (stored.TraceParent is { } traceParent) e.SetHeader("traceparent", traceParent);
        return e;
    }
}
