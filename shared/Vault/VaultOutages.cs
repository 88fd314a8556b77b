using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using Npgsql;

namespace ConsentLedger.Vault;

/// <summary>What is an outage of the vault's database is one of the vault. A bug stays itself.</summary>
internal static class VaultOutages
{
    public static async Task<T> Typed<T>(Func<Task<T>> work)
    {
        try
        {
            return await Outages.Typed(work);
        }
        catch (StoreUnavailableException e) when (e is not VaultUnavailableException)
        {
            throw new VaultUnavailableException($"The vault: {e.Message}", e);
        }
    }

    /// <inheritdoc cref="Durable.WriteAsync"/>
    /// <remarks>A key seals what is kept for years, and a tombstone is what an erasure is told by: either is there after a failover, or was not told.</remarks>
    public static Task<int> WriteToVaultAsync(this Durable durable, NpgsqlCommand write, CancellationToken ct) => Typed(() => durable.WriteAsync(write, ct));

    public static Task Typed(Func<Task> work) => Typed(async () =>
    {
        await work();
        return true;
    });
}
