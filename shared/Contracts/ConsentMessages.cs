using System.Text.Json;

namespace ConsentLedger.Contracts;

// The life of a consent, as the consent service tells it to the others. Facts only: nothing in a message says who the person is.
// Members that many share: Law is the jurisdiction of the policy's regime under which it was said, absent where no place was named; Scope is one right at
// another provider, where the purpose is an authorisation for that; RecipientsToTell are recipients of the policy who hold the data and have to hear of this
// (GDPR art. 19), absent where there are none.

/// <summary>Consent was asked for: the notice was served (GDPR art. 13), and nothing is answered yet.</summary>
public sealed record ConsentAskedV1(
    string Purpose,
    string Recipient,
    string PolicyVersion,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Channel = null,
    string? Source = null,
    string? Jurisdiction = null,
    string? Law = null,
    string? Scope = null,
    TextShownV1? Text = null)
{
    public const string Type = "consent.asked.v1";
}

/// <summary>The first step of a double opt-in. It allows nothing before it is confirmed.</summary>
/// <param name="Until">The last moment to confirm.</param>
public sealed record ConsentPendingV1(
    string Purpose,
    string Recipient,
    string PolicyVersion,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    DateTimeOffset Until,
    string? Channel = null,
    string? Source = null,
    string? Jurisdiction = null,
    string? Law = null,
    string? Scope = null,
    TextShownV1? Text = null)
{
    public const string Type = "consent.pending.v1";
}

/// <summary>The second step, and from here on a consent.</summary>
/// <param name="Basis">Always <c>consent</c> here (GDPR art. 6(1)(a)).</param>
/// <param name="Confirms">The streamversion of the first step.</param>
/// <param name="Until">When it ends by itself.</param>
public sealed record ConsentConfirmedV1(
    string Purpose,
    string Recipient,
    string PolicyVersion,
    string Basis,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    long Confirms,
    string? Channel = null,
    string? Source = null,
    string? Law = null,
    string? Scope = null,
    TextShownV1? Text = null,
    DateTimeOffset? Until = null)
{
    public const string Type = "consent.confirmed.v1";
}

/// <summary>Consent was given. <paramref name="InForce"/> is false where an earlier-recorded withdrawal already overtook the act.</summary>
/// <param name="Basis">Always <c>consent</c> here (GDPR art. 6(1)(a)).</param>
/// <param name="Actor"><c>subject</c>, <c>guardian</c>, <c>agent</c> or <c>system</c>.</param>
/// <param name="Until">When it ends by itself.</param>
/// <param name="Renews">The streamversion of the consent that this takes the place of.</param>
/// <param name="Implied">Concluded from what the person did, where the policy asks for no more.</param>
/// <param name="Imported">Taken over from where <paramref name="Source"/> says.</param>
public sealed record ConsentGrantedV1(
    string Purpose,
    string Recipient,
    string PolicyVersion,
    string Basis,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    bool InForce,
    string? Channel = null,
    string? Source = null,
    string? Jurisdiction = null,
    TextShownV1? Text = null,
    string? Law = null,
    string? Scope = null,
    DateTimeOffset? Until = null,
    long? Renews = null,
    bool Implied = false,
    bool Imported = false)
{
    public const string Type = "consent.granted.v1";
}

/// <summary>The person was asked and said no. It counts as much as a withdrawal.</summary>
public sealed record ConsentRefusedV1(
    string Purpose,
    string Recipient,
    string PolicyVersion,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Channel = null,
    string? Source = null,
    string? Jurisdiction = null,
    string? Law = null,
    string? Scope = null,
    TextShownV1? Text = null,
    IReadOnlyList<string>? RecipientsToTell = null)
{
    public const string Type = "consent.refused.v1";
}

/// <summary>Consent was withdrawn, perhaps before it was ever given.</summary>
/// <param name="Cause">What led to it elsewhere, such as <c>unsubscribed</c>.</param>
/// <param name="CausedBy">The id of the event that did.</param>
/// <param name="Imported">Taken over from where <paramref name="Source"/> says.</param>
public sealed record ConsentWithdrawnV1(
    string Purpose,
    string Recipient,
    string PolicyVersion,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Channel = null,
    string? Source = null,
    string? Cause = null,
    Guid? CausedBy = null,
    string? Law = null,
    string? Scope = null,
    IReadOnlyList<string>? RecipientsToTell = null,
    bool Imported = false)
{
    public const string Type = "consent.withdrawn.v1";
}

/// <summary>A consent, or the time to confirm one, ran out.</summary>
/// <param name="Rested">The streamversion of what is over.</param>
public sealed record ConsentExpiredV1(
    string Purpose,
    string Recipient,
    long Rested,
    string? Channel = null,
    string? Law = null,
    string? Scope = null,
    IReadOnlyList<string>? RecipientsToTell = null)
{
    public const string Type = "consent.expired.v1";
}

/// <summary>A consent ends soon unless it is renewed. Time to ask again.</summary>
/// <param name="Rested">The streamversion of what ends.</param>
/// <param name="Until">When it does.</param>
public sealed record ConsentRenewalDueV1(
    string Purpose,
    string Recipient,
    long Rested,
    DateTimeOffset Until,
    string? Channel = null,
    string? Law = null,
    string? Scope = null)
{
    public const string Type = "consent.renewal-due.v1";
}

/// <summary>Something recorded was wrong (GDPR art. 16).</summary>
/// <param name="Corrects">The streamversion of what was wrong.</param>
/// <param name="Voided">It never happened.</param>
/// <param name="Reason">In a word, such as <c>wrong-person</c>.</param>
/// <param name="DoneAt">When it was really done.</param>
/// <param name="Text">What the person really saw.</param>
public sealed record RecordCorrectedV1(
    long Corrects,
    bool Voided,
    string Reason,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Source = null,
    DateTimeOffset? DoneAt = null,
    TextShownV1? Text = null,
    IReadOnlyList<string>? RecipientsToTell = null)
{
    public const string Type = "record.corrected.v1";
}

/// <summary>The text a person saw, by its id and locale in the policy pack.</summary>
/// <param name="Hash"><c>sha256:</c> and 64 hex digits.</param>
public sealed record TextShownV1(string Id, string Locale, string? Hash = null);

/// <summary>A subject's history was read.</summary>
/// <param name="Reader">The client that read it.</param>
/// <param name="Disclosed">Whether sealed parts were opened for it.</param>
public sealed record HistoryReadV1(string Reader, bool Disclosed, DateTimeOffset? AsOf = null, DateTimeOffset? KnownAt = null)
{
    public const string Type = "consent.history-read.v1";
}

/// <summary>A policy pack is in force from here on.</summary>
/// <param name="Pack">The whole pack, so that no consumer asks for it.</param>
public sealed record PolicyPublishedV1(string Version, JsonElement Pack)
{
    public const string Type = "policy.published.v1";
}

/// <summary>The controller's record was made ready for whoever takes it over, with the keys of the living.</summary>
/// <param name="Successor">A word for them.</param>
/// <param name="Key">SHA-256 of the public key that it was wrapped for.</param>
public sealed record TenantHandedOverV1(string Successor, string Key)
{
    public const string Type = "tenant.handed-over.v1";
}
