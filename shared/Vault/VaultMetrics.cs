using System.Diagnostics.Metrics;

namespace ConsentLedger.Vault;

/// <summary>What an operator watches of the vault, under <see cref="Name"/>. Keys on lease are not asked for, and not counted.</summary>
internal sealed class VaultMetrics
{
    public const string Name = "ConsentLedger.Vault";

    private readonly Counter<long> _requests;

    public VaultMetrics(IMeterFactory? meters)
    {
        var meter = meters?.Create(Name) ?? new Meter(Name);
        _requests = meter.CreateCounter<long>("consentledger.vault.requests", "{request}", "Times the vault or the holder of its KEKs was asked, by what for and whether it answered.");
    }

    public async Task<T> CountAsync<T>(string operation, Func<Task<T>> ask)
    {
        try
        {
            var answer = await ask();
            Count(operation, "answered");
            return answer;
        }
        catch (VaultUnavailableException)
        {
            Count(operation, "unavailable");
            throw;
        }
    }

    private void Count(string operation, string outcome) => _requests.Add(1, new("operation", operation), new("outcome", outcome));
}
