using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.Messaging;

namespace ConsentLedger.MarketingPreference.Reacting;

/// <summary>
/// Follows the consent service: its policies, and each subject's stream version by version. A version that is known is passed over; what the bus did not bring
/// is asked for. So it does not matter in which order, on which replica or how often a version is heard.
/// </summary>
public sealed class ConsentEventConsumer(DeciderLoop ledger, CatchUp catchUp) : ICloudEventConsumer
{
    /// <summary>Everything of a subject's stream, lest its versions have gaps to ask for; and the policies.</summary>
    public static IReadOnlyList<string> Bindings { get; } =
        ["consent.#", "record.#", "subject.#", "terms.#", "objection.#", "processing.#", "signal.#", "data.#", "use.#", "policy.#"];

    public Task ConsumeAsync(CloudEvent message, CancellationToken ct) =>
        message.Type == PolicyPublishedV1.Type ? ledger.ExecuteAsync(FollowPolicy.Of(message), ct) : FollowSubjectAsync(message, ct);

    private async Task FollowSubjectAsync(CloudEvent message, CancellationToken ct)
    {
        var (stream, heard) = (message.SubjectStream(), message.EntryOf());
        if (!await catchUp.FollowAsync(stream, heard, ct) && await catchUp.FollowToEndAsync(stream, $"marketing:{heard.Id}", ct) < heard.Version)
            throw new InvalidOperationException("The consent service's history lacks an event that it published.");
    }
}
