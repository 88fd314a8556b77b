using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.HandingOver;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Ledger;

namespace ConsentLedger.Consent;

/// <summary>The stored name of every event of this service.</summary>
public static class ConsentCatalog
{
    public static EventCatalog Events { get; } = new(
        ("consent.asked.v1", typeof(ConsentAsked)),
        ("consent.pending.v1", typeof(ConsentPending)),
        ("consent.confirmed.v1", typeof(ConsentConfirmed)),
        ("consent.granted.v1", typeof(ConsentGranted)),
        ("consent.refused.v1", typeof(ConsentRefused)),
        ("consent.withdrawn.v1", typeof(ConsentWithdrawn)),
        ("consent.expired.v1", typeof(ConsentExpired)),
        ("consent.renewal-due.v1", typeof(ConsentRenewalDue)),
        ("record.corrected.v1", typeof(RecordCorrected)),
        ("subject.merged.v1", typeof(SubjectMerged)),
        ("subject.unmerged.v1", typeof(SubjectUnmerged)),
        ("subject.birth-month-stated.v1", typeof(BirthMonthStated)),
        ("subject.came-of-age.v1", typeof(SubjectCameOfAge)),
        ("terms.answered.v1", typeof(TermsAnswered)),
        ("objection.raised.v1", typeof(ObjectionRaised)),
        ("objection.decided.v1", typeof(ObjectionDecided)),
        ("objection.overdue.v1", typeof(ObjectionOverdue)),
        ("processing.restricted.v1", typeof(ProcessingRestricted)),
        ("processing.restriction-lifted.v1", typeof(RestrictionLifted)),
        ("signal.received.v1", typeof(SignalReceived)),
        ("data.disclosed.v1", typeof(DataDisclosed)),
        ("use.excepted.v1", typeof(UseExcepted)),
        ("consent.history-read.v1", typeof(HistoryRead)),
        ("subject.erasure-started.v1", typeof(ErasureStarted)),
        ("subject.erased.v1", typeof(SubjectErased)),
        ("policy.published.v1", typeof(PolicyPublished)),
        ("tenant.handed-over.v1", typeof(TenantHandedOver)))
    {
        Entries = new Dictionary<Type, EntryType>
        {
            [typeof(ErasureStarted)] = EntryType.ErasureRequested,
            [typeof(SubjectErased)] = EntryType.KeyDestroyed,
            [typeof(PolicyPublished)] = EntryType.Configuration,
            [typeof(TenantHandedOver)] = EntryType.Configuration,
        },
    };
}
