using Npgsql;

namespace ConsentLedger.EventStore.Npgsql;

internal delegate Task Write(IReadOnlyList<Batch> batches, NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken ct);

/// <summary>A writing transaction that holds its tenants' heads from its first read to its commit.</summary>
internal sealed class LockedTransaction(
    NpgsqlConnection connection, NpgsqlTransaction transaction, Snapshot snapshot, Write write, Action<Batch> appended) : IEventTransaction
{
    public Snapshot Snapshot => snapshot;

    public Task CommitAsync(Batch batch, CancellationToken ct) => Outages.Typed(async () =>
    {
        await write([batch], connection, transaction, ct);
        await transaction.CommitAsync(ct);
        appended(batch);
    });

    // The lock on the head made this a writing transaction, so its commit waits for every flush, and every standby, that an earlier one had to wait for.
    public Task EndAsync(CancellationToken ct) => Outages.Typed(() => transaction.CommitAsync(ct));

    public async ValueTask DisposeAsync()
    {
        try
        {
            await transaction.DisposeAsync();
        }
        catch (NpgsqlException)
        {
            // The connection is broken, and with it the transaction. The pool drops it.
        }

        await connection.DisposeAsync();
    }
}
