using System.Text.Json;

namespace ConsentLedger.Contracts;

// What consent tells the others. Facts only: none of them says who the person is.

/// <summary>Consent was given. <paramref name="InForce"/> is false where an earlier-recorded withdrawal already overtook the act.</summary>
/// <param name="Basis">Always <c>consent</c> here (GDPR art. 6(1)(a)).</param>
/// <param name="Actor"><c>subject</c>, <c>guardian</c>, <c>agent</c> or <c>system</c>.</param>
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
    TextShownV1? Text = null)
{
    public const string Type = "consent.granted.v1";
}

/// <summary>Consent was withdrawn, or refused before it was ever given.</summary>
/// <param name="Cause">What led to it elsewhere, such as <c>unsubscribed</c>.</param>
/// <param name="CausedBy">The id of the event that did.</param>
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
    Guid? CausedBy = null)
{
    public const string Type = "consent.withdrawn.v1";
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
