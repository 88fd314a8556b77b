namespace ConsentLedger.Contracts;

// What marketing-preference tells the others; the email system needs no more than this to stop sending.

/// <summary>From here on nothing more about this topic goes out over this channel.</summary>
/// <param name="Basis">The lawful basis the mail rested on, such as <c>consent</c>.</param>
/// <param name="Cause">
/// <c>one-click</c>, <c>page</c>, <c>preference</c>, <c>preference-centre</c>, <c>stop-everything</c>, <c>undo</c>, <c>agent</c>, <c>reply</c>, <c>complaint</c>, <c>bounce</c>,
/// <c>import</c>, <c>consent-withdrawn</c>, <c>consent-expired</c> or <c>objected</c>.
/// </param>
/// <param name="WithdrawsConsent">True where the mail rested on consent, which is then withdrawn as well.</param>
/// <param name="DeliveryId">The email system's own reference of the mail, where it gave one.</param>
/// <param name="RecipientRef">The email system's own reference of the recipient, where it gave one. Never an address.</param>
public sealed record MarketingUnsubscribedV1(
    string Topic,
    string Channel,
    string Purpose,
    string Basis,
    string Cause,
    string Actor,
    string Method,
    DateTimeOffset OccurredAt,
    bool WithdrawsConsent,
    string? DeliveryId = null,
    string? RecipientRef = null)
{
    public const string Type = "marketing.unsubscribed.v1";
}

/// <summary>This topic is wanted over this channel, where nothing was known before. Whether it may be sent is still the send decision's to say.</summary>
/// <param name="Cause"><c>preference</c>, <c>preference-centre</c>, <c>undo</c>, <c>agent</c>, <c>page</c>, <c>import</c> or <c>consent-granted</c>.</param>
public sealed record MarketingSubscribedV1(
    string Topic,
    string Channel,
    string Purpose,
    string Basis,
    string Cause,
    string Actor,
    string Method,
    DateTimeOffset OccurredAt,
    string? RecipientRef = null)
{
    public const string Type = "marketing.subscribed.v1";
}

/// <summary>This topic is wanted over this channel again, after a no. Whether it may be sent is still the send decision's to say.</summary>
/// <param name="Cause"><c>preference</c>, <c>preference-centre</c>, <c>undo</c>, <c>agent</c>, <c>page</c>, <c>import</c> or <c>consent-granted</c>.</param>
public sealed record MarketingResubscribedV1(
    string Topic,
    string Channel,
    string Purpose,
    string Basis,
    string Cause,
    string Actor,
    string Method,
    DateTimeOffset OccurredAt,
    string? RecipientRef = null)
{
    public const string Type = "marketing.resubscribed.v1";
}

/// <summary>One event of the subject's stream in the consent service was heard, and what it changed is known here too.</summary>
/// <param name="ConsentEvent">Its id.</param>
/// <param name="ConsentVersion">Its streamversion.</param>
/// <param name="Purpose">Absent, as is the rest, for an event that changed no consent.</param>
/// <param name="Channel">Absent means all channels of the purpose.</param>
public sealed record MarketingConsentFollowedV1(
    Guid ConsentEvent, long ConsentVersion, string? Purpose = null, string? Channel = null, string? Recipient = null, bool? Given = null)
{
    public const string Type = "marketing.consent-followed.v1";
}

/// <summary>A subject's preferences were read.</summary>
/// <param name="Reader">The client that read them.</param>
public sealed record PreferencesReadV1(string Reader)
{
    public const string Type = "marketing.preferences-read.v1";
}

/// <summary>Nothing goes to this address any more, whoever has it, until it is released. The tag is all that is told of it: a reference beside it would lead to a person.</summary>
/// <param name="AddressTag">As the email system computed it.</param>
/// <param name="Cause"><c>asked</c>, <c>imported</c>, <c>erased</c>, <c>complaint</c> or <c>bounce</c>.</param>
/// <param name="Everything">Not even what a contract or the law owes somebody.</param>
public sealed record MarketingSuppressedV1(string AddressTag, string Cause, bool Everything, DateTimeOffset OccurredAt)
{
    public const string Type = "marketing.suppressed.v1";
}

/// <summary>Somebody took it on themselves that mail may go to this address again.</summary>
/// <param name="Reason">A word of theirs.</param>
public sealed record MarketingReleasedV1(string AddressTag, string Reason, DateTimeOffset OccurredAt)
{
    public const string Type = "marketing.released.v1";
}

/// <summary>Something was recorded that concerns nobody outside. It goes out because its position would otherwise look like a message that was lost.</summary>
/// <param name="Event">Its stored name.</param>
public sealed record MarketingPositionTakenV1(string Event)
{
    public const string Type = "marketing.position-taken.v1";
}

/// <summary>A link to confirm a consent was made, for a mail that goes out.</summary>
/// <param name="Channel">Absent where the purpose has none.</param>
/// <param name="Recipient">Absent means the controller.</param>
public sealed record MarketingConfirmationLinkMadeV1(string Purpose, string? Channel = null, string? Recipient = null)
{
    public const string Type = "marketing.confirmation-link-made.v1";
}
