using ConsentLedger.MarketingPreference.Intake;

namespace ConsentLedger.MarketingPreference.Preferences;

// Facts only: nothing here says who the person is. References of deliveries and recipients are the email system's own.

/// <summary>A topic is wanted over a channel. Whether it may be sent is still the send decision's to say.</summary>
/// <param name="Basis">The lawful basis the topic's purpose rests on when this is recorded.</param>
/// <param name="Again">It was a no before: the person came back. Outsiders hear of that under a name of its own.</param>
public sealed record Subscribed(
    string Topic, string Channel, string Purpose, string Basis, Cause Cause, Actor Actor, string Method, DateTimeOffset OccurredAt, bool Again = false);

/// <summary>A topic is not wanted over a channel, or never was: "no" and "never asked" are different.</summary>
/// <param name="WithdrawsConsent">Nothing that rested on the same consent is open over this channel any more, so the consent ends as well (GDPR art. 7(3)).</param>
/// <param name="Seen">Of whoever pressed the link's button.</param>
public sealed record Unsubscribed(
    string Topic, string Channel, string Purpose, string Basis, Cause Cause, Actor Actor, string Method, DateTimeOffset OccurredAt,
    bool WithdrawsConsent, Word? DeliveryId = null, Word? RecipientRef = null, Seen? Seen = null);

/// <summary>One event of the subject's stream in the consent service was heard, and what it changed is now known here too.</summary>
/// <param name="Event">Its id there.</param>
/// <param name="Version">Its version there.</param>
/// <param name="Change">Null for what changes no consent, such as a history that was read.</param>
/// <param name="Tie">Null for what says nothing about who this is.</param>
public sealed record ConsentFollowed(Guid Event, long Version, ConsentChange? Change, Tie? Tie = null);

/// <param name="Channel">Null means all channels of the purpose.</param>
public sealed record ConsentChange(string Purpose, string? Channel, string Recipient, bool Given);

/// <summary>Another subject is the same person, or is not after all.</summary>
public sealed record Tie(Guid Other, bool IsOne);

/// <summary>Someone read these preferences. Being read is part of their history.</summary>
public sealed record PreferencesRead(string Reader);

/// <summary>A link to confirm a consent was made, for a mail that goes out now. How many there were is what limits the next.</summary>
public sealed record ConfirmationLinkMade(string Purpose, string? Channel, string? Recipient);

/// <summary>The fence: from here on nothing is recorded about this person but the end of the erasure.</summary>
public sealed record ErasureStarted(Guid Request);

public sealed record SubjectErased(Guid Request);

/// <summary>What led to a subscription or its end.</summary>
public enum Cause
{
    /// <summary>The mail client's own button (RFC 8058).</summary>
    OneClick,

    /// <summary>The button on the page that the link in the mail opens.</summary>
    Page,

    Preference,
    Agent,
    ConsentWithdrawn,
    ConsentExpired,
    ConsentGranted,

    /// <summary>The person objected to marketing, in the consent service.</summary>
    Objected,

    /// <summary>A mail that the person sent back, with nothing but the wish to leave.</summary>
    Reply,

    /// <summary>The person's mailbox provider reported that they marked the mail as unwanted (RFC 5965).</summary>
    Complaint,

    /// <summary>What was sent came back for good.</summary>
    Bounce,

    /// <summary>A line of an old list.</summary>
    Import,

    /// <summary>The one button that ends everything.</summary>
    StopEverything,

    /// <summary>The person took back, on the same page, what they had just done.</summary>
    Undo,

    /// <summary>A choice in the preference centre.</summary>
    PreferenceCentre,
}

/// <summary>Who acted.</summary>
public enum Actor
{
    Subject,
    Guardian,
    Agent,
    System,
}
