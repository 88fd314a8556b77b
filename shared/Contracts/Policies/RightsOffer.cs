namespace ConsentLedger.Contracts.Policies;

/// <summary>The rights a subject is offered, and how soon a request is answered.</summary>
public sealed record RightsOffer
{
    public required IReadOnlyList<SubjectRight> Offered { get; init; }

    /// <summary>Calendar months (GDPR art. 12(3)).</summary>
    public required int DeadlineMonths { get; init; }

    /// <summary>What one extension adds, in calendar months; the subject is told why (GDPR art. 12(3)).</summary>
    public required int ExtensionMonths { get; init; }

    /// <summary>GDPR art. 12(5).</summary>
    public required bool FreeOfCharge { get; init; }

    /// <summary>True where the policy itself promises the deadline, false where only the law sets it.</summary>
    public bool DeadlinePromised { get; init; }
}

/// <summary>GDPR art. 7(3), 15 to 18, 20, 21 and 77.</summary>
public enum SubjectRight
{
    WithdrawConsent,
    Access,
    Rectification,
    Erasure,
    Restriction,
    Portability,
    Objection,
    MarketingObjection,
    ProfilingObjection,
    Complaint,
}

/// <summary>A way out of a consent or a mailing.</summary>
public enum WithdrawalWay
{
    UnsubscribeLink,
    UnsubscribePage,
    PreferencesPage,
    AccountPreferences,
    Contact,
}

/// <summary>What starts an erasure, and what it may pass by (GDPR art. 17).</summary>
public sealed record ErasureCommitment
{
    /// <summary>The end of the service erases without being asked.</summary>
    public bool OnTermination { get; init; }

    /// <summary>Withdrawing everything and asking to be forgotten, together, erases all that can be: who asks for it on their page has everything withdrawn as well.</summary>
    public bool OnFullWithdrawal { get; init; }

    public IReadOnlyList<ErasureException> Exceptions { get; init; } = [];
}

/// <summary>A reason that an erasure request may be refused for, in whole or in part.</summary>
public enum ErasureException
{
    LegalObligation,
    AuthorityOrder,
    LegalHold,
    PublicPosts,
    HeldByThirdParties,
    TechnicallyImpossible,
}
