using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.Messaging;

namespace ConsentLedger.MarketingPreference.Reacting;

/// <summary>Follows the consent service: its policies, and each subject's stream version by version. What the bus did not bring is asked for.</summary>
public sealed class ConsentEventConsumer(DeciderLoop ledger, StateReader reader, ConsentClient consent) : ICloudEventConsumer
{
    public Task ConsumeAsync(CloudEvent message, CancellationToken ct) =>
        message.Type == PolicyPublishedV1.Type ? ledger.ExecuteAsync(FollowPolicy.Of(message), ct) : FollowSubjectAsync(message, ct);

    private async Task FollowSubjectAsync(CloudEvent message, CancellationToken ct)
    {
        var (stream, heard) = (message.SubjectStream(), message.EntryOf());
        var (subject, _) = await reader.ReadAsync(stream, SubjectPreferences.Stream, ct);
        var known = subject.Consents.Version;
        if (subject.IsErased || heard.Version <= known) return;

        var next = heard.Version == known + 1 ? [heard] : await consent.ReadHistoryAsync(stream, ct);
        if (next.All(entry => entry.Version < heard.Version)) throw new InvalidOperationException("The consent service's history lacks an event that it published.");
        foreach (var entry in next.Where(entry => entry.Version > known)) await ledger.ExecuteAsync(CommandOf(message.Source, stream, entry), ct);
    }

    // Named by the event, whichever way it came: delivered again, it is followed once.
    private static Command CommandOf(string source, StreamKey stream, ConsentEntry entry) =>
        new(stream, SubjectPreferences.Stream, Digest.Of(source, $"{entry.Id}"), Digest.Of(entry.Type, $"{entry.Version}"), context =>
            FollowConsent.Decide(entry, context.State<SubjectPreferences>(), context.State<PolicyBook>(PolicyBook.Of(stream.Tenant)).Current))
        {
            Reads = PolicyBook.ReadBy(stream.Tenant),
        };
}
