using ConsentLedger.Ledger;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Bulk;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;

namespace ConsentLedger.MarketingPreference;

/// <summary>The stored name of every event of this service.</summary>
public static class MarketingCatalog
{
    public static EventCatalog Events { get; } = new(
        ("marketing.subscribed.v1", typeof(Subscribed)),
        ("marketing.unsubscribed.v1", typeof(Unsubscribed)),
        ("marketing.consent-followed.v1", typeof(ConsentFollowed)),
        ("marketing.preferences-read.v1", typeof(PreferencesRead)),
        ("marketing.confirmation-link-made.v1", typeof(ConfirmationLinkMade)),
        ("subject.erasure-started.v1", typeof(ErasureStarted)),
        ("subject.erased.v1", typeof(SubjectErased)),
        ("policy.followed.v1", typeof(PolicyFollowed)),
        ("address.linked.v1", typeof(AddressLinked)),
        ("address.unlinked.v1", typeof(AddressUnlinked)),
        ("address.bounced.v1", typeof(AddressBounced)),
        ("address.delivered.v1", typeof(AddressDelivered)),
        ("address.complained.v1", typeof(AddressComplained)),
        ("address.suppressed.v1", typeof(AddressSuppressed)),
        ("address.released.v1", typeof(AddressReleased)),
        ("import.accepted.v1", typeof(ImportAccepted)),
        ("import.started.v1", typeof(ImportStarted)),
        ("import.advanced.v1", typeof(ImportAdvanced)),
        ("import.completed.v1", typeof(ImportCompleted)),
        ("import.failed.v1", typeof(ImportFailed)))
    {
        Entries = new Dictionary<Type, EntryType>
        {
            [typeof(ErasureStarted)] = EntryType.ErasureRequested,
            [typeof(SubjectErased)] = EntryType.KeyDestroyed,
            [typeof(PolicyFollowed)] = EntryType.Configuration,
        },
    };
}
