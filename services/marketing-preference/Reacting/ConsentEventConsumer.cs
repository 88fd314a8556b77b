using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.Messaging;

namespace ConsentLedger.MarketingPreference.Reacting;

/// <summary>
/// Follows the consent service: its policies, and each subject's stream version by version. A version that is known is passed over; what the bus did not bring
/// is asked for. So it does not matter in which order, on which replica or how often a version is heard.
/// </summary>
public sealed class ConsentEventConsumer(DeciderLoop ledger, StateReader reader, ConsentClient consent) : ICloudEventConsumer, IDisposable
{
    /// <summary>Everything of a subject's stream, lest its versions have gaps to ask for; and the policies.</summary>
    public static IReadOnlyList<string> Bindings { get; } =
        ["consent.#", "record.#", "subject.#", "terms.#", "objection.#", "processing.#", "signal.#", "data.#", "use.#", "policy.#"];

    // Many subjects may miss something at once, as after a message was parked or delivered again in another order. They must not all ask at once:
    // who wants to send asks over there, too.
    private readonly SemaphoreSlim _asking = new(8);

    public Task ConsumeAsync(CloudEvent message, CancellationToken ct) =>
        message.Type == PolicyPublishedV1.Type ? ledger.ExecuteAsync(FollowPolicy.Of(message), ct) : FollowSubjectAsync(message, ct);

    public void Dispose() => _asking.Dispose();

    private async Task FollowSubjectAsync(CloudEvent message, CancellationToken ct)
    {
        var (stream, heard) = (message.SubjectStream(), message.EntryOf());
        if (await FollowAsync(stream, heard, ct)) return;

        await _asking.WaitAsync(ct);
        try
        {
            var history = await consent.ReadHistoryAsync(stream, $"marketing:{heard.Id}", ct);
            if (history.All(entry => entry.Version < heard.Version)) throw new InvalidOperationException("The consent service's history lacks an event that it published.");
            var (subject, _) = await reader.ReadAsync(stream, SubjectPreferences.Stream, ct);
            foreach (var entry in history.Where(entry => entry.Version > subject.Consents.Version)) await FollowAsync(stream, entry, ct);
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <returns>False when versions before this one are missing.</returns>
    private async Task<bool> FollowAsync(StreamKey stream, ConsentEntry entry, CancellationToken ct)
    {
        // Without an id: the version says whether it was followed, and a version delivered again would otherwise collide with its own first outcome.
        var command = new Command(stream, SubjectPreferences.Stream, null, default, context =>
            FollowConsent.Decide(entry, context.State<SubjectPreferences>(), context.State<PolicyBook>(PolicyBook.Of(stream.Tenant)).Current))
        {
            Reads = PolicyBook.ReadBy(stream.Tenant),
        };
        return await ledger.ExecuteAsync(command, ct) is not Outcome.Refused;
    }
}
