namespace ConsentLedger.Contracts;

// What product backends send over the bus, and what they hear back. The person is the CloudEvent's subject, the same command id counts once.

/// <summary>Record that consent was given. What is personal (the evidence) never travels here; it is sent over HTTP.</summary>
public sealed record GrantConsentV1(
    string Purpose,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Channel = null,
    string? Recipient = null,
    string? Source = null,
    string? Jurisdiction = null,
    TextShownV1? Text = null)
{
    public const string Type = "consent.grant.v1";
}

/// <summary>Record that consent was withdrawn.</summary>
public sealed record WithdrawConsentV1(
    string Purpose,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Channel = null,
    string? Recipient = null,
    string? Source = null)
{
    public const string Type = "consent.withdraw.v1";
}

/// <summary>A command was carried out: what it says is on disk.</summary>
/// <param name="Outcome"><c>recorded</c>, or <c>unchanged</c> where nothing had to be written.</param>
public sealed record CommandRecordedV1(string CommandId, string CommandSource, string Outcome, long? Position = null, long? Version = null)
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
