namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <summary>Why something is not erased (GDPR art. 17(3), and what cannot be done).</summary>
public enum KeepReason
{
    LegalObligation,
    LegalClaims,
    AuthorityOrder,

    /// <summary>The policy's own rule for a purpose, such as reporting on job applications.</summary>
    RetentionRule,
    PublicPost,
    ThirdParty,
    TechnicallyImpossible,

    /// <summary>The policy names the processor, and nobody has said yet how it is told.</summary>
    NotConnected,
}

/// <summary>Why a person is erased: the grounds of GDPR art. 17(1)(a) to (f), and what a controller promised beyond them. Never free text.</summary>
public enum ErasureReason
{
    NoLongerNeeded,
    ConsentWithdrawn,
    Objection,
    UnlawfulProcessing,
    LegalObligation,
    CollectedFromChild,
    Termination,
    ControllerInstruction,
}

/// <summary>What became of a system's part.</summary>
public enum TaskOutcome
{
    /// <summary>Everything it had.</summary>
    Erased,

    /// <summary>It had nothing.</summary>
    NothingHeld,

    /// <summary>Some of it; the reason says why not all.</summary>
    PartlyErased,

    /// <summary>Nothing was erased; the reason says why.</summary>
    Kept,

    /// <summary>A copy was made (GDPR art. 15, 20), or what was asked for was given.</summary>
    Provided,

    /// <summary>What was wrong is right (GDPR art. 16).</summary>
    Corrected,

    /// <summary>Data is only stored (GDPR art. 18).</summary>
    Restricted,

    /// <summary>It will not do its part; the reason says why.</summary>
    Refused,

    /// <summary>Every consent that stood is withdrawn.</summary>
    Withdrawn,
}

public enum RequestOutcome
{
    Fully,
    Partially,
    Refused,
}

/// <summary>How it is known that the person asks.</summary>
public enum IdentityCheck
{
    /// <summary>The person confirms a link that was mailed.</summary>
    MailedLink,
}

public enum IdentityMethod
{
    MailedLink,

    /// <summary>Somebody of the tenant has seen to it.</summary>
    ByHand,
}

public enum Instruction
{
    Proceed,
    Decline,
}

/// <summary>Whose word a hold rests on.</summary>
public enum HoldAuthority
{
    CourtOrder,
    AuthorityOrder,
    LegalClaim,
    LegalObligation,
}

public enum HoldEnd
{
    /// <summary>Whoever placed it took it away.</summary>
    Lifted,

    /// <summary>The subject it was placed on is another person.</summary>
    Parted,
}

/// <summary>GDPR art. 12(3).</summary>
public enum ExtensionReason
{
    Complexity,
    NumberOfRequests,
}

/// <summary>What stands in a request's way.</summary>
public enum WaitsFor
{
    Identity,
    Instruction,
    CoolingOff,
    LegalHold,
}

public enum RequestState
{
    AwaitingIdentity,
    AwaitingInstruction,
    CoolingOff,
    Held,
    Running,
    Completed,
    Withdrawn,
}
