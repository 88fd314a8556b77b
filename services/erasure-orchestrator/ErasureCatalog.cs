using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.OpenDsr;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.Ledger;

namespace ConsentLedger.ErasureOrchestrator;

/// <summary>The stored name of every event of this service.</summary>
public static class ErasureCatalog
{
    public static EventCatalog Events { get; } = new(
        ("erasure.requested.v1", typeof(ErasureRequested)),
        ("erasure.identity-asked.v1", typeof(ErasureIdentityAsked)),
        ("erasure.identity-mailed.v1", typeof(ErasureIdentityMailed)),
        ("erasure.identity-verified.v1", typeof(ErasureIdentityVerified)),
        ("erasure.withdraws-all.v1", typeof(ErasureWithdrawsAll)),
        ("erasure.forwarded.v1", typeof(ErasureForwarded)),
        ("erasure.instructed.v1", typeof(ErasureInstructed)),
        ("erasure.cooled-off.v1", typeof(ErasureCooledOff)),
        ("erasure.planned.v1", typeof(ErasurePlanned)),
        ("erasure.task-dispatched.v1", typeof(ErasureTaskDispatched)),
        ("erasure.task-accepted.v1", typeof(ErasureTaskAccepted)),
        ("erasure.task-failed.v1", typeof(ErasureTaskFailed)),
        ("erasure.task-handed-over.v1", typeof(ErasureTaskHandedOver)),
        ("erasure.task-completed.v1", typeof(ErasureTaskCompleted)),
        ("erasure.task-contradicted.v1", typeof(ErasureTaskContradicted)),
        ("erasure.held.v1", typeof(ErasureHeld)),
        ("erasure.resumed.v1", typeof(ErasureResumed)),
        ("erasure.withdrawn.v1", typeof(ErasureWithdrawn)),
        ("erasure.extended.v1", typeof(ErasureExtended)),
        ("erasure.escalated.v1", typeof(ErasureEscalated)),
        ("erasure.overdue.v1", typeof(ErasureOverdue)),
        ("erasure.completed.v1", typeof(ErasureCompleted)),
        ("erasure.copy-handed-out.v1", typeof(ErasureCopyHandedOut)),
        ("erasure.certified.v1", typeof(ErasureCertified)),
        ("opendsr.received.v1", typeof(DsrReceived)),
        ("opendsr.matched.v1", typeof(DsrMatched)),
        ("opendsr.unmatched.v1", typeof(DsrUnmatched)),
        ("opendsr.found-nobody.v1", typeof(DsrFoundNobody)),
        ("opendsr.cancelled.v1", typeof(DsrCancelled)),
        ("opendsr.told.v1", typeof(DsrTold)),
        ("opendsr.not-told.v1", typeof(DsrNotTold)),
        ("opendsr.escalated.v1", typeof(DsrEscalated)),
        ("opendsr.overdue.v1", typeof(DsrOverdue)),
        ("opendsr.forgotten.v1", typeof(DsrForgotten)),
        ("erasure.asked-again.v1", typeof(ErasureAskedAgain)),
        ("erasure.asked-no-more.v1", typeof(ErasureAskedNoMore)),
        ("erasure.identities-added.v1", typeof(ErasureIdentitiesAdded)),
        ("erasure.identities-destroyed.v1", typeof(ErasureIdentitiesDestroyed)),
        ("retention.set.v1", typeof(RetentionSet)),
        ("retention.over.v1", typeof(RetentionOver)),
        ("retention.consent-ended.v1", typeof(RetentionConsentEnded)),
        ("retention.cancelled.v1", typeof(RetentionCancelled)),
        ("identities.sealed.v1", typeof(IdentitiesSealed)),
        ("results.sealed.v1", typeof(ResultsSealed)),
        ("hold.placed.v1", typeof(HoldPlaced)),
        ("hold.lifted.v1", typeof(HoldLifted)),
        ("subject.joined.v1", typeof(SubjectJoined)),
        ("subject.parted.v1", typeof(SubjectParted)),
        ("processor.configured.v1", typeof(ProcessorConfigured)),
        ("processor.removed.v1", typeof(ProcessorRemoved)),
        ("requests.configured.v1", typeof(RequestsConfigured)),
        ("policy.followed.v1", typeof(PolicyFollowed)))
    {
        Entries = new Dictionary<Type, EntryType>
        {
            [typeof(ProcessorConfigured)] = EntryType.Configuration,
            [typeof(ProcessorRemoved)] = EntryType.Configuration,
            [typeof(RequestsConfigured)] = EntryType.Configuration,
            [typeof(PolicyFollowed)] = EntryType.Configuration,
        },
    };
}
