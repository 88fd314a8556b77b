using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <param name="Request">The erasure's, when its time has come.</param>
/// <param name="Over">Its time has come.</param>
/// <param name="Erased">The erasure was begun.</param>
public sealed record Retention(Guid Request, RetentionEnd Ended, DateTimeOffset EraseAt, bool Over, bool Erased)
{
    /// <summary>The consent service was asked, and no consent lasts for which data is kept longer.</summary>
    public bool ConsentEnded { get; init; }

    /// <summary>It is still to be found out whether a consent lasts.</summary>
    public bool IsAsked => this is { Over: true, Erased: false, ConsentEnded: false };

    /// <summary>The purposes for which the policy keeps data while the person's consent lasts, whatever else has ended; none where it promises to erase at the end of the service.</summary>
    public IReadOnlyList<string> LastsFor(PolicyPack? policy) =>
        policy is null || (Ended == RetentionEnd.ServiceTerminated && policy.Erasure.OnTermination) ? [] : [.. policy.Purposes.Where(p => p.Retention.Until == RetentionEnd.ConsentWithdrawn).Select(p => p.Id)];
}
