namespace ConsentLedger.Consent.Consents;

/// <summary>What an event tells, in a few words for a table or a line.</summary>
public static class EventWords
{
    /// <summary>Null for what is no event of this service.</summary>
    public static string? Of(object? facts) => facts switch
    {
        ConsentAsked => "Consent asked for",
        ConsentPending => "First of two steps taken",
        ConsentConfirmed => "Consent confirmed",
        ConsentGranted { Renews: not null } => "Consent renewed",
        ConsentGranted => "Consent given",
        ConsentRefused => "Consent refused",
        ConsentWithdrawn { Cause: { } cause } => $"Consent withdrawn ({cause})",
        ConsentWithdrawn => "Consent withdrawn",
        ConsentExpired => "Consent ran out",
        ConsentRenewalDue => "Consent ends within a month",
        RecordCorrected { Voided: true } corrected => $"Event {corrected.Corrects} voided",
        RecordCorrected corrected => $"Event {corrected.Corrects} corrected",
        SubjectMerged => "Found to be one with another subject",
        SubjectUnmerged => "Found not to be one with another subject",
        BirthMonthStated => "Month of birth stated",
        SubjectCameOfAge => "Came of age",
        TermsAnswered { Accepted: true } terms => $"Terms {terms.PolicyVersion} accepted",
        TermsAnswered terms => $"Terms {terms.PolicyVersion} declined",
        ObjectionRaised { To: ObjectionTo.Purpose } objection => $"Objection to {objection.Purpose}",
        ObjectionRaised { To: ObjectionTo.Marketing } => "Objection to marketing",
        ObjectionRaised => "Objection to profiling",
        ObjectionDecided { Upheld: true } outcome => $"Objection {outcome.Objection} upheld",
        ObjectionDecided outcome => $"Objection {outcome.Objection} ended ({outcome.Ground})",
        ObjectionOverdue overdue => $"Objection {overdue.Objection} undecided in time",
        ProcessingRestricted => "Processing restricted",
        RestrictionLifted lifted => $"Restriction {lifted.Restriction} lifted",
        SignalReceived { Honoured: true } => "Browser signal taken for an objection",
        SignalReceived => "Browser signal received",
        DataDisclosed disclosed => $"Data disclosed to {disclosed.Recipient}",
        UseExcepted use => $"Data used for {use.Purpose}, which is not declared",
        HistoryRead { Disclosed: true } => "History read, evidence opened",
        HistoryRead => "History read",
        ErasureStarted => "Erasure began",
        SubjectErased => "Erasure ended",
        _ => null,
    };
}
