using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.Vault;

/// <summary>
/// While the service runs, keys under earlier KEKs go under the present one. The operator rotates; this says when an earlier KEK is good for nothing any more but to
/// bring back the erased from a backup.
/// </summary>
public sealed partial class RewrapKeys(KeyRewrapping keys, IConfiguration configuration, TimeProvider clock, ILogger<RewrapKeys> logger) : BackgroundService
{
    private static readonly TimeSpan EveryMinute = TimeSpan.FromMinutes(1);

    private readonly HashSet<Guid> _toldOf = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(configuration.GetValue("Vault:RewrapEvery", EveryMinute), clock);
        do
        {
            try
            {
                Tell(await keys.RunAsync(stoppingToken));
            }
            catch (VaultUnavailableException e)
            {
                NotNow(e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private void Tell(Rewrapping pass)
    {
        if (pass.Moved > 0) Moved(pass.Moved, pass.Epochs.Present.Name);
        foreach (var (epoch, count) in pass.Missing) Missing(count, epoch);
        foreach (var spent in pass.Spent.Where(spent => _toldOf.Add(spent.Epoch))) Spent(spent.Name, spent.Epoch);
        _toldOf.IntersectWith(pass.Spent.Select(spent => spent.Epoch));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} keys were wrapped again, under {Kek}")]
    private partial void Moved(int count, string kek);

    [LoggerMessage(Level = LogLevel.Information, Message = "No key is left under {Kek} (epoch {Epoch}). Once every replica says so, destroy it: what backups hold under it opens nothing then")]
    private partial void Spent(string kek, Guid epoch);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} keys are wrapped under a KEK that is not there (epoch {Epoch}). Put it back: nothing else opens them")]
    private partial void Missing(long count, Guid epoch);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Keys could not be wrapped again: {Reason} It is tried again")]
    private partial void NotNow(string reason);
}
