namespace ConsentLedger.Consent.Consents.Recording;

/// <summary>What a consent is, in the terms of the W3C Data Privacy Vocabulary, under the names that they have there.</summary>
public enum ConsentStatus
{
    ConsentUnknown,
    ConsentRequested,
    ConsentRequestDeferred,
    ConsentGiven,
    RenewedConsentGiven,
    ConsentRefused,
    ConsentWithdrawn,
    ConsentExpired,

    /// <summary>Given once, and nothing can rest on it any more although nobody took it back.</summary>
    ConsentInvalidated,
}

public static class ConsentStatuses
{
    /// <summary>Whether data may be processed on it, as far as the vocabulary says.</summary>
    public static bool IsValid(this ConsentStatus status) => status is ConsentStatus.ConsentGiven or ConsentStatus.RenewedConsentGiven;

    /// <summary>By what the person said alone.</summary>
    /// <param name="yes">The facts that the state rests on.</param>
    public static ConsentStatus Of(LaneState? state, object? yes, DateTimeOffset at) => state switch
    {
        null => ConsentStatus.ConsentUnknown,
        { Status: LaneStatus.Asked } => ConsentStatus.ConsentRequested,
        { Status: LaneStatus.Refused } => ConsentStatus.ConsentRefused,
        { Status: LaneStatus.Withdrawn } => ConsentStatus.ConsentWithdrawn,
        { Status: LaneStatus.Voided } => ConsentStatus.ConsentInvalidated,
        { Status: LaneStatus.Expired } => ConsentStatus.ConsentExpired,
        _ when state.Until <= at => ConsentStatus.ConsentExpired,
        { Status: LaneStatus.Pending } => ConsentStatus.ConsentRequestDeferred,
        _ when yes is ConsentGranted { Renews: not null } => ConsentStatus.RenewedConsentGiven,
        _ => ConsentStatus.ConsentGiven,
    };

    /// <summary>Now, under the policies published since, and with what is known of the person: as the decision has it.</summary>
    public static ConsentStatus Now(RecordedConsent consent, SubjectRecord record)
    {
        var status = Of(consent.State, consent.Yes, record.Now);
        if (!status.IsValid() || consent.State is not { } given) return status;
        var (policies, person) = (record.Policies, record.State);
        var isOver = person.Erasure != Erasure.None
            || policies.IsChangedSince(consent.Lane.Purpose, given.PolicyVersion)
            || (given.Actor == Actor.Guardian ? person.Age?.OfAgeFrom <= record.Now : person.Age?.ConsentsFrom > given.OccurredAt);
        return isOver ? ConsentStatus.ConsentInvalidated : status;
    }
}
