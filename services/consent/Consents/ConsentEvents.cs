using System.Text.Json.Serialization;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.Consents;

// Facts only: nothing here says who the person is. What was shown, from where, to whom and why lies sealed beside the event.
// RecipientsToTell names those who hold the data and have to hear of the change (GDPR art. 19); it is decided together with the change, and absent where there are none.

/// <summary>Something done, as its sender claims it was.</summary>
public interface IAct
{
    DateTimeOffset OccurredAt { get; }

    Actor Actor { get; }

    Token Method { get; }

    /// <summary>Where the word of it came from, when not from whoever did it (GDPR art. 14(2)(f)).</summary>
    Token? Source { get; }
}

/// <summary>An act about one consent.</summary>
public interface ILaneAct : IAct
{
    Lane Lane { get; }

    string PolicyVersion { get; }
}

// A consent's life.

/// <summary>Consent was asked for: the notice was served (GDPR art. 13), and nothing is answered yet.</summary>
public sealed record ConsentAsked(
    Lane Lane, string PolicyVersion, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source, Token? Jurisdiction, TextShown? Text) : ILaneAct;

/// <summary>Someone said yes for an address that has not confirmed it: the first of two steps.</summary>
/// <param name="Until">The last moment to confirm.</param>
/// <param name="Ends">When the consent ends by itself that this becomes; at the latest when the policy says.</param>
public sealed record ConsentPending(
    Lane Lane, string PolicyVersion, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source, Token? Jurisdiction, TextShown? Text, DateTimeOffset Until,
    DateTimeOffset? Ends = null) : ILaneAct;

/// <summary>The second step, and from here on a consent. Both steps are its evidence.</summary>
/// <param name="Confirms">The stream version of the first step.</param>
/// <param name="Until">When it ends by itself.</param>
public sealed record ConsentConfirmed(
    Lane Lane, string PolicyVersion, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source, TextShown? Text, long Confirms, DateTimeOffset? Until) : ILaneAct;

/// <summary>Consent was given (GDPR art. 4(11), 7). <see cref="InForce"/> is false for an act that an earlier-recorded withdrawal already overtook.</summary>
/// <param name="Renews">The stream version of what this renews.</param>
/// <param name="Implied">Concluded from what the person did, where the policy asks for no more.</param>
/// <param name="Imported">Taken over from where <see cref="Source"/> says.</param>
public sealed record ConsentGranted(
    Lane Lane, string PolicyVersion, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source, Token? Jurisdiction, TextShown? Text, bool InForce,
    DateTimeOffset? Until = null, long? Renews = null, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Implied = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Imported = false) : ILaneAct;

/// <summary>The person was asked and said no. "No" and "never asked" are different.</summary>
public sealed record ConsentRefused(
    Lane Lane, string PolicyVersion, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source, Token? Jurisdiction, TextShown? Text,
    IReadOnlyList<string>? RecipientsToTell = null) : ILaneAct;

/// <summary>Consent was withdrawn (GDPR art. 7(3)), perhaps before it was ever given.</summary>
/// <param name="Cause">What led to it elsewhere, such as <c>unsubscribed</c>, and the id of that event.</param>
public sealed record ConsentWithdrawn(
    Lane Lane, string PolicyVersion, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source, string? Cause, Guid? CausedBy,
    IReadOnlyList<string>? RecipientsToTell = null, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Imported = false) : ILaneAct;

/// <summary>A consent, or the time to confirm one, ran out.</summary>
/// <param name="Rested">The stream version of what is over.</param>
public sealed record ConsentExpired(Lane Lane, long Rested, IReadOnlyList<string>? RecipientsToTell = null);

/// <summary>A consent ends within a month unless it is renewed.</summary>
/// <inheritdoc cref="ConsentExpired"/>
public sealed record ConsentRenewalDue(Lane Lane, long Rested, DateTimeOffset Until);

/// <summary>Something recorded was wrong (GDPR art. 16). The wrong event stays where it is, and this points at it.</summary>
/// <param name="Corrects">Its stream version.</param>
/// <param name="Voided">It never happened. What rests on it rests on nothing; no consent that it had replaced comes back.</param>
/// <param name="DoneAt">When what it tells was really done: earlier, never later. A later yes is another act.</param>
/// <param name="PolicyVersion">The one in force then.</param>
public sealed record RecordCorrected(
    long Corrects, bool Voided, DateTimeOffset? DoneAt, TextShown? Text, Token Reason, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source,
    IReadOnlyList<string>? RecipientsToTell = null, string? PolicyVersion = null) : IAct;

// Who the person is, as far as decisions need to know.

/// <summary>Two subjects are one person. Both streams say so; what either refuses is refused for both.</summary>
public sealed record SubjectMerged(Guid Other, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source) : IAct;

/// <summary>They are two after all: each is again what its own stream says.</summary>
public sealed record SubjectUnmerged(Guid Other, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source) : IAct;

/// <summary>The month of birth, and what follows from it under the policy. No day is kept: one comes of age with the month after.</summary>
/// <param name="BornIn"><c>2012-05</c>.</param>
/// <param name="ConsentsFrom">From when the person consents alone (GDPR art. 8(1)).</param>
/// <param name="OfAgeFrom">From when what a guardian consented to has to be affirmed.</param>
public sealed record BirthMonthStated(
    string BornIn, DateTimeOffset ConsentsFrom, DateTimeOffset OfAgeFrom, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source, Token? Jurisdiction) : IAct;

/// <summary>The person is of age: consents of a guardian wait to be affirmed.</summary>
public sealed record SubjectCameOfAge(DateTimeOffset OfAgeFrom);

// Rights and duties.

/// <summary>A version of the terms was agreed to, or declined. The version says what was read.</summary>
public sealed record TermsAnswered(string PolicyVersion, bool Accepted, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source) : IAct;

/// <summary>The person objects (GDPR art. 21). The reason, where there is one, lies sealed.</summary>
/// <param name="Due">By when an objection that needs a decision has to have one; null where it holds at once.</param>
public sealed record ObjectionRaised(
    ObjectionTo To, string? Purpose, string PolicyVersion, DateTimeOffset? Due, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source, Token? Jurisdiction,
    IReadOnlyList<string>? RecipientsToTell = null) : IAct;

/// <summary>What became of an objection.</summary>
/// <param name="Objection">Its stream version.</param>
/// <param name="Upheld">False lets the processing go on.</param>
/// <param name="Ground">Why, in a word: <c>compelling-grounds</c>, <c>legal-claims</c>, <c>retracted</c>.</param>
public sealed record ObjectionDecided(long Objection, bool Upheld, Token Ground, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source) : IAct;

/// <summary>Nobody decided on an objection in time. What it stopped stays stopped.</summary>
public sealed record ObjectionOverdue(long Objection, DateTimeOffset Due);

/// <summary>Data is only stored from here on (GDPR art. 18).</summary>
/// <param name="Purposes">Those it is about; empty for all.</param>
public sealed record ProcessingRestricted(
    RestrictionGround Ground, IReadOnlyList<string> Purposes, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source,
    IReadOnlyList<string>? RecipientsToTell = null) : IAct;

/// <param name="Restriction">Its stream version.</param>
/// <param name="SubjectTold">The person was told before (GDPR art. 18(3)).</param>
public sealed record RestrictionLifted(long Restriction, DateTimeOffset SubjectTold, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source) : IAct;

/// <summary>A browser spoke for the person: <c>Sec-GPC: 1</c> (GDPR art. 21(5)).</summary>
/// <param name="Honoured">Whether the policy takes it for an objection there.</param>
public sealed record SignalReceived(
    PrivacySignal Signal, bool Honoured, string PolicyVersion, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source, Token? Jurisdiction,
    IReadOnlyList<string>? RecipientsToTell = null) : IAct;

/// <summary>Data was handed out without the person's say, on a ground that the policy declares. What was asked, and by whom, lies sealed.</summary>
public sealed record DataDisclosed(
    DisclosureGround Ground, string Purpose, string Recipient, IReadOnlyList<string> Data, string PolicyVersion, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source) : IAct;

/// <summary>Data was used for something not declared, on a ground that the policy allows (GDPR art. 6(4)).</summary>
public sealed record UseExcepted(
    Token Purpose, LimitationException Ground, string PolicyVersion, DateTimeOffset OccurredAt, Actor Actor, Token Method, Token? Source) : IAct;

// The record itself.

/// <summary>Someone read this history. Being read is part of it.</summary>
public sealed record HistoryRead(string Reader, DateTimeOffset? AsOf, DateTimeOffset? KnownAt, bool Disclosed);

/// <summary>The fence: from here on nothing is recorded about this person but the end of the erasure.</summary>
public sealed record ErasureStarted(Guid Request, IReadOnlyList<string>? RecipientsToTell = null);

public sealed record SubjectErased(Guid Request);

/// <summary>Who acted.</summary>
public enum Actor
{
    Subject,
    Guardian,
    Agent,
    System,
}

public enum ObjectionTo
{
    /// <summary>Needs no reason and holds at once (GDPR art. 21(2), (3)).</summary>
    Marketing,

    /// <summary>Holds at once.</summary>
    Profiling,

    /// <summary>One purpose that rests on legitimate interests or a public task: stops it until decided, and for good if upheld (GDPR art. 21(1)).</summary>
    Purpose,
}

/// <summary>GDPR art. 18(1), (a) to (d).</summary>
public enum RestrictionGround
{
    AccuracyContested,
    UnlawfulProcessing,
    NeededForClaims,
    ObjectionPending,
}

public enum PrivacySignal
{
    Gpc,
}

/// <summary>The text a person saw, by the id and locale it has in the policy pack.</summary>
/// <param name="Hash">SHA-256 of the text as shown, <c>sha256:</c> and 64 hex digits.</param>
public sealed record TextShown(Token Id, Token Locale, Token? Hash = null);
