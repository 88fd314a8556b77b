using Npgsql;

namespace ConsentLedger.EventStore.Npgsql;

internal delegate Task Write(IReadOnlyList<Batch> batches, NpgsqlConnection connection, NpgsqlTransaction? transaction);

/// <summary>A writing transaction that holds its tenants' heads from its first read to its commit.</summary>
internal sealed class LockedTransaction(
    NpgsqlConnection connection, NpgsqlTransaction transaction, Snapshot snapshot, Write write, Durable durable, Action<Batch> appended) : IEventTransaction
{
    private Task _ending = Task.CompletedTask;

    public Snapshot Snapshot => snapshot;

    public Task CommitAsync(Batch batch, CancellationToken ct) => Outages.Typed(async () =>
    {
        await durable.WaitAsync(_ending = WriteAndCommitAsync(), ct);
        appended(batch);

        async Task WriteAndCommitAsync()
        {
            await write([batch], connection, transaction);
            await NpgsqlEngine.CommitAsync(connection);
        }
    });

    // The lock on the head made this a writing transaction, so its commit waits for every flush, and every standby, that an earlier one had to wait for.
    public Task EndAsync(CancellationToken ct) => Outages.Typed(() => durable.WaitAsync(_ending = NpgsqlEngine.CommitAsync(connection), ct));

    public async ValueTask DisposeAsync()
    {
        var closing = CloseAsync();

        // Who gave up does not wait after all.
        if (_ending.IsCompleted) await closing;
    }

    private async Task CloseAsync()
    {
        await _ending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
