using ConsentLedger.EventStore.Npgsql;
using Npgsql;

namespace ConsentLedger.Transparency.Signing;

/// <summary>
/// The right to sign, of one process at a time: a session-level advisory lock. Checkpoints are published through the very connection that holds it, so
/// whoever has lost it without noticing can sign, and publish nothing.
/// </summary>
internal sealed class SignerLease(NpgsqlConnection connection) : IAsyncDisposable
{
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Null while another process has it.</summary>
    public static Task<SignerLease?> TryTakeAsync(NpgsqlDataSource ledger, CancellationToken ct) => Outages.Typed(async () =>
    {
        var connection = await ledger.OpenConnectionAsync(ct);
        try
        {
            await using var take = new NpgsqlCommand("select pg_try_advisory_lock(hashtextextended('log signer', 0))", connection);
            if (await take.ExecuteScalarAsync(ct) is true) return new SignerLease(connection);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    });

    /// <summary>Tenants are signed side by side; a connection does one thing at a time.</summary>
    public async Task<T> UseAsync<T>(Func<NpgsqlConnection, Task<T>> use, CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            return await use(connection);
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        var isFree = _one.CurrentCount > 0;
        var closing = CloseAsync();

        // Whoever gave a write up does not wait for it after all. Until it ends nobody else may sign.
        if (isFree) await closing;
    }

    private async Task CloseAsync()
    {
        await _one.WaitAsync();
        try
        {
            await using var release = new NpgsqlCommand("select pg_advisory_unlock_all()", connection);
            await release.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            // A broken connection has released it already.
        }

        await connection.DisposeAsync();
        _one.Dispose();
    }
}
