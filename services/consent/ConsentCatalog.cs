using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Ledger;

namespace ConsentLedger.Consent;

/// <summary>The stored name of every event of this service.</summary>
public static class ConsentCatalog
{
    public static EventCatalog Events { get; } = new(
        ("consent.granted.v1", typeof(ConsentGranted)),
        ("consent.withdrawn.v1", typeof(ConsentWithdrawn)),
        ("consent.history-read.v1", typeof(HistoryRead)),
        ("subject.erasure-started.v1", typeof(ErasureStarted)),
        ("subject.erased.v1", typeof(SubjectErased)),
        ("policy.published.v1", typeof(PolicyPublished)))
    {
        Entries = new Dictionary<Type, EntryType>
        {
            [typeof(ErasureStarted)] = EntryType.ErasureRequested,
            [typeof(SubjectErased)] = EntryType.KeyDestroyed,
            [typeof(PolicyPublished)] = EntryType.Configuration,
        },
    };
}
