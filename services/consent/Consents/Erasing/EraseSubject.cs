using ConsentLedger.Consent.Consents.Telling;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Messaging;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Vault;

namespace ConsentLedger.Consent.Consents.Erasing;

/// <summary>
/// Erases one person from this service (GDPR art. 17): first a fence that nothing gets past, then the key, then what the key sealed, and the end when no process has
/// the key any more. Every step may be repeated, so whoever was told to erase and was killed is simply told again.
/// </summary>
public sealed class EraseSubject(DeciderLoop ledger, IEventEngine engine, SubjectKeys keys, AddressIndex index, TimeProvider clock)
{
    public static Decision Start(Guid request, SubjectConsents subject) =>
        subject.Erasure == Erasure.None ? Decision.Of(new ErasureStarted(request)) : Decision.Unchanged;

    /// <summary>
    /// Whoever asks about someone already erased is answered too, because an answer can be lost: its sender waits for one. What was asked before the last answer was given has that one, however many
    /// reminders had piled up.
    /// </summary>
    /// <param name="key">The one that is gone; empty where nothing was ever sealed.</param>
    /// <param name="askedAt">Null where that is not known.</param>
    public static Decision Finish(Guid request, SubjectConsents subject, Guid key = default, DateTimeOffset? askedAt = null) =>
        subject.Answered is { } answered && answered.Request == request && askedAt <= answered.At ? Decision.Unchanged : new Decision.Record([new NewEvent(new SubjectErased(request), KeyId: key)]);

    /// <param name="task">Names the message that asks. The same one again adds nothing; another one, such as a reminder, is answered anew.</param>
    /// <param name="askedAt">When it was asked.</param>
    public async Task RunAsync(StreamKey subject, Guid request, Digest task, CancellationToken ct, DateTimeOffset? askedAt = null)
    {
        await StepAsync(subject, task, "start", context => Fence(request, context.State<SubjectConsents>(), context.State<PolicyBook>(PolicyBook.Of(subject.Tenant))), ct);
        var destroyed = await keys.DestroyAsync(subject, ct);
        await ForgetAsync(subject, ct);

        // Other replicas believe in a key they have for so long. Whoever is killed meanwhile is told again and waits again, whatever the clocks say.
        // The purge of a long history takes longer than that of a short one, and takes none of the answer's time.
        await Task.WhenAll(engine.PurgeSealedAsync(subject, ct), Aside.WaitAsync(() => Task.Delay(SubjectKeys.Lease, clock.Unmoved(), ct)));
        await StepAsync(subject, task, "finish", context => Finish(request, context.State<SubjectConsents>(), destroyed.KeyId ?? Guid.Empty, askedAt), ct);
    }

    private async Task ForgetAsync(StreamKey subject, CancellationToken ct)
    {
        try
        {
            await index.ForgetAsync([subject], ct);
        }
        catch (KekMissingException)
        {
            // No address leads anywhere without the index's key, and each start says so and forgets again (KeepErased).
        }
    }

    // Who else holds data is known until the end, and nobody is told after it.
    private static Decision Fence(Guid request, SubjectConsents subject, PolicyBook policies) => Start(request, subject).TellingRecipients(subject, policies);

    private Task StepAsync(StreamKey subject, Digest task, string step, Func<DecisionContext, Decision> decide, CancellationToken ct) =>
        ledger.ExecuteAsync(new Command(subject, SubjectConsents.Stream, Digest.Of($"erasure {task.Value}", step), default, decide) { Reads = PolicyBook.ReadBy(subject.Tenant) }, ct);
}
