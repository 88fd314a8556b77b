using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Intake;

/// <summary>What a mail provider, or the email system for it, says became of a delivery. Whom it is about is told by our token of that delivery, or by subject and topic, or by the address alone.</summary>
/// <param name="Id">The provider's own of this event: the same again is carried out once.</param>
/// <param name="Address">A tag, never the address.</param>
/// <param name="Bounce">Of what bounced.</param>
/// <param name="Code">As the provider says it, such as <c>5.1.1</c>.</param>
/// <param name="Token">From the delivery's <c>List-Unsubscribe</c> header.</param>
/// <param name="Topic">Absent, where a subject leaves, means all.</param>
public sealed record ProviderEvent(
    Word Id, ProviderEventType Type, DateTimeOffset OccurredAt, AddressTag? Address = null, BounceKind? Bounce = null, Word? Code = null, Word? DeliveryId = null, Word? RecipientRef = null,
    string? Token = null, SubjectId? Subject = null, string? Topic = null, string? Channel = null);

public enum ProviderEventType
{
    Delivered,
    Bounced,
    Complained,
    Unsubscribed,
}

/// <summary>What became of one event, in the order they came.</summary>
/// <param name="Outcome"><c>recorded</c>, <c>unchanged</c> or <c>refused</c>.</param>
public sealed record IntakeResult(string Id, string Outcome, string? Code = null);
