using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;

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

    public static Task Typed(Func<Task> work) => Typed(async () =>
    {
        await work();
        return true;
    });
}
