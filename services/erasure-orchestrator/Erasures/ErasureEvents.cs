namespace ConsentLedger.ErasureOrchestrator.Erasures;

// The stream is the person's, so none of these names the person again. A request is called an erasure in the stored names, whatever it asks for.

/// <summary>Someone asked for something: to be forgotten (GDPR art. 17(1)), unless the type says otherwise.</summary>
/// <param name="DueOn">The last day on which the answer is still in time (GDPR art. 12(3)).</param>
/// <param name="Type">Null for an erasure.</param>
/// <param name="LapsesAt">When that day is over where the tenant is; null for one that was counted in UTC.</param>
/// <param name="ReceivedOn">The day of receipt there, which an extension counts from.</param>
/// <param name="Identity">How it is known that the person asks; null where the caller, a signed-in backend, answers for that.</param>
/// <param name="CoolsOffAt">Until then nothing begins, and the person may think better of it.</param>
/// <param name="Instructor">Whose instruction is waited for, where the tenant is a processor (GDPR art. 28(3)(a)).</param>
/// <param name="WithdrawsAll">Every consent is withdrawn before anything is erased.</param>
/// <param name="HasIdentities">How others know the person lies sealed in the request's own stream.</param>
/// <param name="ReceivedAt">When it came, where it was not known at once whose it is; null for the time of this event.</param>
/// <param name="With">The request that the person made under another id, which this one goes with.</param>
/// <param name="Case">The controller's case that it began with; null where the person asked, or somebody for them.</param>
public sealed record ErasureRequested(
    Guid Request,
    ErasureReason? Reason,
    DateOnly DueOn,
    RequestType? Type = null,
    DateTimeOffset? LapsesAt = null,
    DateOnly? ReceivedOn = null,
    IdentityCheck? Identity = null,
    DateTimeOffset? CoolsOffAt = null,
    string? Instructor = null,
    bool? WithdrawsAll = null,
    bool? HasIdentities = null,
    DateTimeOffset? ReceivedAt = null,
    Guid? With = null,
    Guid? Case = null);

/// <summary>A link was made, or given a later end, by which the person confirms to be the one who asks. Only its hash is known here. The mail with it is still to go out.</summary>
/// <param name="Link">SHA-256 of the link's secret, in hex.</param>
public sealed record ErasureIdentityAsked(Guid Request, string Link, DateTimeOffset ExpiresAt);

/// <summary>The mail with the link is on its way.</summary>
public sealed record ErasureIdentityMailed(Guid Request, string Link);

/// <summary>It is the person who asks.</summary>
public sealed record ErasureIdentityVerified(Guid Request, IdentityMethod Method);

/// <summary>Somebody else asked for the same before it began: whoever began it can no longer take it back alone.</summary>
/// <param name="Case">The controller's case that asks; null for the person, or whoever speaks for them.</param>
public sealed record ErasureAskedAgain(Guid Request, Guid? Case = null);

/// <summary>A controller took its case back, or the person what they asked for, and somebody else still wants it.</summary>
/// <param name="Case">The controller's case; <see cref="PersonRequest.ByPerson"/> for the person.</param>
public sealed record ErasureAskedNoMore(Guid Request, Guid Case);

/// <summary>The person asked again, before it began, and wants every consent withdrawn first.</summary>
public sealed record ErasureWithdrawsAll(Guid Request);

/// <summary>The person asked again, and gave more by which others know them; or the consent service did, which was asked. It lies sealed in the request's own stream.</summary>
public sealed record ErasureIdentitiesAdded(Guid Request);

/// <summary>The one who gives instructions was told of the request (GDPR art. 28(3)(e)).</summary>
public sealed record ErasureForwarded(Guid Request, string Instructor);

/// <summary>The one who gives instructions has given one.</summary>
public sealed record ErasureInstructed(Guid Request, Instruction Instruction);

/// <summary>The time to think better of it is over.</summary>
public sealed record ErasureCooledOff(Guid Request);

/// <summary>What the request does, system by system, as it begins.</summary>
/// <param name="Kept">What stays, and why.</param>
/// <param name="PolicyVersion">The policy in force, which says what is kept; null where none was heard of.</param>
public sealed record ErasurePlanned(Guid Request, IReadOnlyList<PlannedStep> Steps, IReadOnlyList<Keeping> Kept, string? PolicyVersion);

/// <summary>A system is told its part; again, with the next number, when it stays silent or could not be reached.</summary>
/// <param name="Attempt">From 1.</param>
/// <param name="Type">Null for an erasure.</param>
/// <param name="WaitSeconds">For how long its silence is borne; null where nothing is waited for.</param>
public sealed record ErasureTaskDispatched(Guid Request, string System, int Attempt, RequestType? Type = null, int? WaitSeconds = null);

/// <summary>A system has taken its part on.</summary>
/// <param name="Reference">What it calls it.</param>
/// <param name="AskAt">When it is asked how things stand.</param>
public sealed record ErasureTaskAccepted(Guid Request, string System, int Attempt, string? Reference, DateTimeOffset AskAt);

/// <summary>A system could not be reached, or answered nothing to rely on.</summary>
/// <param name="Code">What went wrong, in a word.</param>
/// <param name="RetryAt">When it is told again.</param>
public sealed record ErasureTaskFailed(Guid Request, string System, int Attempt, string Code, DateTimeOffset RetryAt);

/// <summary>A system cannot be told by a call: nothing that it could know the person by is known here. Somebody of the privacy team sees to it.</summary>
/// <param name="Code">Why not, in a word.</param>
public sealed record ErasureTaskHandedOver(Guid Request, string System, int Attempt, string Code);

/// <summary>A system answered that its part is done, or why not.</summary>
/// <param name="Reason">Why something is kept or refused, in a word.</param>
/// <param name="Type">Null for an erasure.</param>
/// <param name="HasResults">Where its data lies is sealed in the request's own stream.</param>
public sealed record ErasureTaskCompleted(Guid Request, string System, TaskOutcome Outcome, string? Reason = null, RequestType? Type = null, bool? HasResults = null);

/// <summary>A system said something else after it had answered. What it said first stands, and so does this beside it.</summary>
public sealed record ErasureTaskContradicted(Guid Request, string System, TaskOutcome Outcome, string? Reason = null);

/// <summary>
/// A legal hold keeps the request from going on. What was dispatched before is with the systems: what they answer counts and is kept, and none is called again until the hold lifts.
/// </summary>
/// <param name="Told">Those that had been told and had not answered: the hold comes too late for what they do meanwhile. Null where there are none.</param>
public sealed record ErasureHeld(Guid Request, IReadOnlyList<Guid> Holds, IReadOnlyList<string>? Told = null);

/// <summary>No hold stands in its way any more.</summary>
public sealed record ErasureResumed(Guid Request);

/// <summary>The person thought better of it, before anything was begun.</summary>
public sealed record ErasureWithdrawn(Guid Request);

/// <summary>The answer takes longer, as the law allows once (GDPR art. 12(3)).</summary>
/// <param name="NoticeSentAt">When the person was told, and why.</param>
/// <param name="NoticeMethod">How, in a word.</param>
public sealed record ErasureExtended(Guid Request, ExtensionReason Reason, DateOnly DueOn, DateTimeOffset LapsesAt, DateTimeOffset NoticeSentAt, string NoticeMethod);

/// <summary>The day draws near and the request is open.</summary>
/// <param name="DaysLeft">How many days before the day is over this was due.</param>
public sealed record ErasureEscalated(Guid Request, int DaysLeft, DateOnly DueOn);

/// <summary>The day is over and the request is open.</summary>
/// <param name="WaitsFor">What it waits for, where that is not the work itself.</param>
public sealed record ErasureOverdue(Guid Request, DateOnly DueOn, WaitsFor? WaitsFor);

/// <summary>Every system has answered, or the request was refused.</summary>
/// <param name="Outcome">Null in what was recorded when there was only one.</param>
/// <param name="Reason">Why it was refused, in a word.</param>
/// <param name="Type">Null for an erasure.</param>
/// <param name="Systems">What became of each system's part; null where none was told, and in what was recorded before.</param>
public sealed record ErasureCompleted(Guid Request, RequestOutcome? Outcome = null, string? Reason = null, RequestType? Type = null, IReadOnlyList<SystemOutcome>? Systems = null);

/// <summary>The copy that was asked for was handed out.</summary>
/// <param name="Partial">Not every system had answered by then: there will be another one.</param>
/// <param name="By">Whoever's token it was handed out to; null in what was recorded before.</param>
public sealed record ErasureCopyHandedOut(Guid Request, bool? Partial = null, string? By = null);

/// <summary>What data was kept for has ended, and its time is set.</summary>
/// <param name="Request">The erasure's that follows.</param>
/// <param name="EraseAt">When the policy's time for it is over.</param>
public sealed record RetentionSet(Guid Request, Contracts.Policies.RetentionEnd Ended, DateTimeOffset EraseAt);

/// <summary>The time is over. The erasure that follows is recorded with it, unless a consent may last for which data is kept as well.</summary>
public sealed record RetentionOver(Guid Request);

/// <summary>No consent lasts any more for which data would be kept beyond its time. The erasure that follows is recorded with it.</summary>
public sealed record RetentionConsentEnded(Guid Request);

/// <summary>What data was kept for goes on after all.</summary>
public sealed record RetentionCancelled(Guid Request);

/// <summary>The certificate was signed.</summary>
/// <param name="Sha256">Of its bytes, in hex.</param>
public sealed record ErasureCertified(Guid Request, string Sha256);

/// <summary>How others know the person is gone from here, with the key it was sealed under.</summary>
public sealed record ErasureIdentitiesDestroyed(Guid Request);

/// <summary>Somebody with authority says that nothing of this person may be erased (GDPR art. 17(3)(b), (e)).</summary>
/// <param name="Reference">The case, in a word that names nobody.</param>
/// <param name="On">The subject it was placed on, where it reaches this one as the same person.</param>
public sealed record HoldPlaced(Guid Hold, HoldAuthority Authority, string Reference, Guid? On = null);

/// <param name="Cause">Why it is over here.</param>
public sealed record HoldLifted(Guid Hold, HoldEnd Cause);

/// <summary>Another subject is the same person, as the consent service has it.</summary>
/// <param name="Version">Of the subject's stream there.</param>
public sealed record SubjectJoined(Guid Other, long Version);

/// <summary>It is another person after all.</summary>
/// <param name="Version">Of the subject's stream there.</param>
public sealed record SubjectParted(Guid Other, long Version);

/// <summary>How others know the person, sealed. In a stream of the request's own, under a key of its own, which ends with the request.</summary>
public sealed record IdentitiesSealed(Guid Request);

/// <summary>Where a system's data lies, sealed. Beside the identities, and as long as they.</summary>
public sealed record ResultsSealed(Guid Request, string System);

/// <summary>One system's part.</summary>
/// <param name="Phase">Those of a lower phase are done before.</param>
/// <param name="Assignee">Who does it, where people do.</param>
public sealed record PlannedStep(string System, Register.ProcessorKind Kind, int Phase = 1, string? Assignee = null);

/// <param name="Reason">Why something is kept or refused, in a word.</param>
public sealed record SystemOutcome(string System, TaskOutcome Outcome, string? Reason = null);

/// <summary>Something that stays.</summary>
/// <param name="System">Whose; null for the controller itself.</param>
/// <param name="Purpose">What for, where the policy says so.</param>
public sealed record Keeping(KeepReason Reason, string? System = null, string? Purpose = null);
