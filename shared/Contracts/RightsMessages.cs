namespace ConsentLedger.Contracts;

// What a person asks for beside consent, and what is done without asking the person.

/// <summary>A version of the terms was agreed to, or declined.</summary>
public sealed record TermsAnsweredV1(
    string PolicyVersion,
    bool Accepted,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Source = null)
{
    public const string Type = "terms.answered.v1";
}

/// <summary>The person objects (GDPR art. 21). From here on what it is about stops.</summary>
/// <param name="To"><c>marketing</c>, <c>profiling</c> or <c>purpose</c>.</param>
/// <param name="Purpose">The one objected to, where it is one.</param>
/// <param name="Due">By when it has to be decided; absent where it holds without.</param>
public sealed record ObjectionRaisedV1(
    string To,
    string PolicyVersion,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Purpose = null,
    DateTimeOffset? Due = null,
    string? Source = null,
    string? Jurisdiction = null,
    IReadOnlyList<string>? RecipientsToTell = null)
{
    public const string Type = "objection.raised.v1";
}

/// <summary>What became of an objection.</summary>
/// <param name="Objection">Its streamversion.</param>
/// <param name="Upheld">False lets the processing go on.</param>
/// <param name="Ground">Why, in a word: <c>compelling-grounds</c>, <c>legal-claims</c>, <c>retracted</c>.</param>
public sealed record ObjectionDecidedV1(
    long Objection, bool Upheld, string Ground, DateTimeOffset OccurredAt, string Actor, string Method, string? Source = null)
{
    public const string Type = "objection.decided.v1";
}

/// <summary>Nobody decided on an objection in time. What it stopped stays stopped.</summary>
/// <param name="Objection">Its streamversion.</param>
public sealed record ObjectionOverdueV1(long Objection, DateTimeOffset Due)
{
    public const string Type = "objection.overdue.v1";
}

/// <summary>Data is only stored from here on (GDPR art. 18).</summary>
/// <param name="Ground"><c>accuracy-contested</c>, <c>unlawful-processing</c>, <c>needed-for-claims</c> or <c>objection-pending</c>.</param>
/// <param name="Purposes">Those it is about; empty for all.</param>
public sealed record ProcessingRestrictedV1(
    string Ground,
    IReadOnlyList<string> Purposes,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Source = null,
    IReadOnlyList<string>? RecipientsToTell = null)
{
    public const string Type = "processing.restricted.v1";
}

/// <summary>A restriction is over.</summary>
/// <param name="Restriction">Its streamversion.</param>
/// <param name="SubjectTold">When the person was told, which is before (GDPR art. 18(3)).</param>
public sealed record RestrictionLiftedV1(long Restriction, DateTimeOffset SubjectTold, DateTimeOffset OccurredAt, string Actor, string Method, string? Source = null)
{
    public const string Type = "processing.restriction-lifted.v1";
}

/// <summary>A browser spoke for the person.</summary>
/// <param name="Signal"><c>gpc</c>: Global Privacy Control.</param>
/// <param name="Honoured">Whether the policy takes it for an objection there.</param>
public sealed record SignalReceivedV1(
    string Signal,
    bool Honoured,
    string PolicyVersion,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Source = null,
    string? Jurisdiction = null,
    IReadOnlyList<string>? RecipientsToTell = null)
{
    public const string Type = "signal.received.v1";
}

/// <summary>Data was handed out without the person's say, on a ground that the policy declares.</summary>
/// <param name="Ground"><c>legal-process</c>, <c>authority-request</c>, <c>fraud-prevention</c>, <c>safety</c>, <c>rights-defence</c> or <c>national-security</c>.</param>
/// <param name="Data">Data categories of the policy.</param>
public sealed record DataDisclosedV1(
    string Ground,
    string Purpose,
    string Recipient,
    IReadOnlyList<string> Data,
    string PolicyVersion,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Source = null)
{
    public const string Type = "data.disclosed.v1";
}

/// <summary>Data was used for something not declared, on a ground that the policy allows (GDPR art. 6(4)).</summary>
/// <param name="Purpose">In a word; no purpose of the policy.</param>
/// <param name="Ground"><c>related-purpose</c>, <c>contract</c>, <c>legal-obligation</c>, <c>legal-claim</c> or <c>fraud-prevention</c>.</param>
public sealed record UseExceptedV1(
    string Purpose,
    string Ground,
    string PolicyVersion,
    DateTimeOffset OccurredAt,
    string Actor,
    string Method,
    string? Source = null)
{
    public const string Type = "use.excepted.v1";
}
