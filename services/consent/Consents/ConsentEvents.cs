namespace ConsentLedger.Consent.Consents;

// Facts only: nothing here says who the person is. What was shown, from where and to whom lies sealed beside the event.

/// <summary>Consent was given (GDPR art. 4(11), 7). <see cref="InForce"/> is false for an act that an earlier-recorded withdrawal already overtook.</summary>
public sealed record ConsentGranted(
    string Purpose, string? Channel, string Recipient, string PolicyVersion, DateTimeOffset OccurredAt, Actor Actor, Token Method,
    Token? Source, Token? Jurisdiction, TextShown? Text, bool InForce);

/// <summary>Consent was withdrawn (GDPR art. 7(3)), or refused before it was ever given: "no" and "never asked" are different.</summary>
/// <param name="Cause">What led to it elsewhere, such as <c>unsubscribed</c>, and the id of that event.</param>
public sealed record ConsentWithdrawn(
    string Purpose, string? Channel, string Recipient, string PolicyVersion, DateTimeOffset OccurredAt, Actor Actor, Token Method,
    Token? Source, string? Cause, Guid? CausedBy);

/// <summary>Someone read this history. Being read is part of it.</summary>
public sealed record HistoryRead(string Reader, DateTimeOffset? AsOf, DateTimeOffset? KnownAt, bool Disclosed);

/// <summary>The fence: from here on nothing is recorded about this person but the end of the erasure.</summary>
public sealed record ErasureStarted(Guid Request);

public sealed record SubjectErased(Guid Request);

/// <summary>Who acted.</summary>
public enum Actor
{
    Subject,
    Guardian,
    Agent,
    System,
}

/// <summary>The text a person saw, by the id and locale it has in the policy pack.</summary>
/// <param name="Hash">SHA-256 of the text as shown, <c>sha256:</c> and 64 hex digits.</param>
public sealed record TextShown(Token Id, Token Locale, Token? Hash = null);
