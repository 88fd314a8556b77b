using ConsentLedger.Vault;

namespace ConsentLedger.Consent.Consents.Erasing;

/// <summary>
/// Erases one person from this service (GDPR art. 17): first a fence that nothing gets past, then the key, then what the key sealed, then the end.
/// Every step may be repeated, so whoever was told to erase and was killed is simply told again.
/// </summary>
public sealed class EraseSubject(DeciderLoop ledger, IEventEngine engine, SubjectKeys keys)
{
    public static Decision Start(Guid request, SubjectConsents subject) =>
        subject.Erasure == Erasure.None ? Decision.Of(new ErasureStarted(request)) : Decision.Unchanged;

    /// <summary>A second request for someone already erased is answered too: its sender waits for it.</summary>
    public static Decision Finish(Guid request) => Decision.Of(new SubjectErased(request));

    public async Task RunAsync(StreamKey subject, Guid request, CancellationToken ct)
    {
        await StepAsync(subject, request, "start", context => Start(request, context.State<SubjectConsents>()), ct);
        await keys.DestroyAsync(subject, ct);
        await engine.PurgeSealedAsync(subject, ct);
        await StepAsync(subject, request, "finish", _ => Finish(request), ct);
    }

    private Task StepAsync(StreamKey subject, Guid request, string step, Func<DecisionContext, Decision> decide, CancellationToken ct) =>
        ledger.ExecuteAsync(new Command(subject, SubjectConsents.Stream, Digest.Of($"erasure {request}", step), default, decide), ct);
}
