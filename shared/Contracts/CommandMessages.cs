namespace ConsentLedger.Contracts;

// What product backends send over the bus, and what they hear back. The person is the CloudEvent's subject, the same command id counts once.

/// <summary>Record that a notice was served and consent asked for.</summary>
public sealed record AskConsentV1(
    string Purpose,
    TextShownV1 Text,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Channel = null,
    string? Recipient = null,
    string? Source = null,
    string? Jurisdiction = null,
    IReadOnlyList<string>? Scopes = null)
{
    public const string Type = "consent.ask.v1";
}

/// <summary>Record that consent was given. What is personal (the evidence) never travels here; it is sent over HTTP.</summary>
/// <param name="Scopes">Rights at another provider, where the purpose is an authorisation for that.</param>
/// <param name="Until">When it ends by itself, if before the policy says.</param>
/// <param name="Confirm">It is only the first of two steps.</param>
/// <param name="Implied">Concluded from what the person did.</param>
public sealed record GrantConsentV1(
    string Purpose,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Channel = null,
    string? Recipient = null,
    string? Source = null,
    string? Jurisdiction = null,
    TextShownV1? Text = null,
    IReadOnlyList<string>? Scopes = null,
    DateTimeOffset? Until = null,
    bool Confirm = false,
    bool Implied = false)
{
    public const string Type = "consent.grant.v1";
}

/// <summary>Record the second of two steps.</summary>
public sealed record ConfirmConsentV1(
    string Purpose,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Channel = null,
    string? Recipient = null,
    string? Source = null,
    string? Jurisdiction = null,
    IReadOnlyList<string>? Scopes = null)
{
    public const string Type = "consent.confirm.v1";
}

/// <summary>Record that the person was asked and said no.</summary>
public sealed record RefuseConsentV1(
    string Purpose,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Channel = null,
    string? Recipient = null,
    string? Source = null,
    string? Jurisdiction = null,
    TextShownV1? Text = null,
    IReadOnlyList<string>? Scopes = null)
{
    public const string Type = "consent.refuse.v1";
}

/// <summary>Record that consent was withdrawn.</summary>
/// <param name="Jurisdiction">The law it is said under; without one it is said under each.</param>
public sealed record WithdrawConsentV1(
    string Purpose,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Channel = null,
    string? Recipient = null,
    string? Source = null,
    string? Jurisdiction = null,
    IReadOnlyList<string>? Scopes = null)
{
    public const string Type = "consent.withdraw.v1";
}

/// <summary>Record that a version of the terms was agreed to, or declined.</summary>
public sealed record AnswerTermsV1(string Version, bool Accepted, DateTimeOffset OccurredAt, string Actor, string Method, string? Source = null)
{
    public const string Type = "terms.answer.v1";
}

/// <summary>Record that the person's browser sent a signal. Only its presence is told.</summary>
/// <param name="Signal"><c>gpc</c>: Global Privacy Control.</param>
public sealed record ReceiveSignalV1(string Signal, DateTimeOffset OccurredAt, string Actor, string Method, string? Source = null, string? Jurisdiction = null)
{
    public const string Type = "signal.receive.v1";
}

/// <summary>Record an objection that needs no reason. One to a single purpose has a reason, which is evidence, and is sent over HTTP.</summary>
/// <param name="To"><c>marketing</c> or <c>profiling</c>.</param>
public sealed record RaiseObjectionV1(string To, DateTimeOffset OccurredAt, string Actor, string Method, string? Source = null, string? Jurisdiction = null)
{
    public const string Type = "objection.raise.v1";
}

/// <summary>Record that what data is kept for has ended; the erasure service then erases the person when the policy's time for it is over.</summary>
/// <param name="Ended">The service, or the contract.</param>
public sealed record TerminateServiceV1(string Ended, DateTimeOffset OccurredAt)
{
    public const string Type = "service.terminate.v1";
}

/// <summary>A command was carried out: what it says is on disk.</summary>
/// <param name="Outcome"><c>recorded</c>, or <c>unchanged</c> where nothing had to be written.</param>
/// <param name="Note">A word about the effect, as over HTTP: <c>confirmation_needed</c> where this is only the first of two steps, <c>withdrawal_prevails</c> where it came late.</param>
public sealed record CommandRecordedV1(string CommandId, string CommandSource, string Outcome, long? Position = null, long? Version = null, string? Note = null)
{
    public const string Type = "consent.command.recorded.v1";
}

/// <summary>A command was not carried out, and the same command again will not be either.</summary>
/// <param name="CommandId">Absent where the message could not be read that far.</param>
/// <param name="Outcome">Always <c>refused</c>.</param>
/// <param name="Code">Stable, for programs.</param>
/// <param name="Reason">A sentence for people.</param>
public sealed record CommandRefusedV1(string CommandSource, string Outcome, string Code, string Reason, string? CommandId = null)
{
    public const string Type = "consent.command.refused.v1";
}
