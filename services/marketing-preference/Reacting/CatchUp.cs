using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference.Reacting;

/// <summary>Follows a person's stream in the consent service, version by version; what the bus did not bring is asked for.</summary>
public sealed class CatchUp(DeciderLoop ledger, StateReader reader, ConsentClient consent) : IDisposable
{
    // Many subjects may miss something at once, as after a message was parked or delivered again in another order. They must not all ask at once:
    // who wants to send asks over there, too.
    private readonly SemaphoreSlim _asking = new(8);

    public void Dispose() => _asking.Dispose();

    /// <returns>False when versions before this one are missing.</returns>
    public async Task<bool> FollowAsync(StreamKey stream, ConsentEntry entry, CancellationToken ct)
    {
        // Without an id: the version says whether it was followed, and a version delivered again would otherwise collide with its own first outcome.
        var command = new Command(stream, SubjectPreferences.Stream, null, default, context =>
            FollowConsent.Decide(entry, context.State<SubjectPreferences>(), context.State<PolicyBook>(PolicyBook.Of(stream.Tenant)).Current))
        {
            Reads = PolicyBook.ReadBy(stream.Tenant),
        };
        return await ledger.ExecuteAsync(command, ct) is not Outcome.Refused;
    }

    /// <summary>Follows everything that is recorded there by now.</summary>
    /// <param name="key">The same key again is the same reading.</param>
    /// <returns>The last version; 0 of whom nothing is known there.</returns>
    /// <exception cref="ConsentUnavailableException"/>
    public async Task<long> FollowToEndAsync(StreamKey stream, string key, CancellationToken ct)
    {
        await _asking.WaitAsync(ct);
        try
        {
            var history = await consent.ReadHistoryAsync(stream, key, ct);
            var (subject, _) = await reader.ReadAsync(stream, SubjectPreferences.Stream, ct);
            foreach (var entry in history.Where(entry => entry.Version > subject.Consents.Version)) await FollowAsync(stream, entry, ct);
            return history.Select(entry => entry.Version).DefaultIfEmpty().Max();
        }
        finally
        {
            _asking.Release();
        }
    }
}
