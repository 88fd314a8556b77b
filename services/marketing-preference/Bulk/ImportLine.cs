using System.Text.RegularExpressions;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Bulk;

/// <summary>
/// One line of a list: a person's choice about one topic over one channel, or an address to which nothing goes. The columns of a snapshot's table are these, so that what was exported
/// can be imported.
/// </summary>
/// <param name="State">Of a choice <c>subscribed</c> or <c>unsubscribed</c>, of an address alone <c>suppressed</c>.</param>
/// <param name="AddressTag">Never beside a person: whoever can compute tags would find them by it, and go on finding them when they are erased.</param>
/// <param name="Actor">Who said it; an agent where the list does not say.</param>
/// <param name="Method">How it was said; <c>import</c> where the list does not say. What followed from a consent has the consent's, which is longer and has more signs than a word here.</param>
/// <param name="Cause">Of an address, what led to it: <c>bounce</c> and <c>complaint</c> are what they were, whatever else it is came from a list. Of a choice it says nothing here.</param>
/// <param name="Everything">Of an address: not even what is owed goes there.</param>
public sealed partial record ImportLine(
    LineState State, SubjectId? Subject = null, string? Topic = null, string? Channel = null, DateTimeOffset? OccurredAt = null, AddressTag? AddressTag = null, Actor? Actor = null, string? Method = null,
    Word? Cause = null, bool? Everything = null)
{
    private const int MaxNameLength = 64;

    /// <summary>Which member is missing, too long or too much; null where the line says something.</summary>
    public string? Fault => this switch
    {
        { Method: { } method } when !MethodForm().IsMatch(method) => "method",
        { State: LineState.Suppressed, AddressTag: null } => "addressTag",
        { State: LineState.Suppressed, Subject: not null } => "subject",
        { State: LineState.Suppressed, Topic: not null } => "topic",
        { State: LineState.Suppressed, Channel: not null } => "channel",
        { State: LineState.Suppressed } => null,
        { Subject: null } => "subject",
        { Everything: not null } => "everything",
        { AddressTag: not null } => "addressTag",
        { Topic: null or { Length: 0 or > MaxNameLength } } => "topic",
        { Channel: null or { Length: 0 or > MaxNameLength } } => "channel",
        { OccurredAt: null } => "occurredAt",
        _ => null,
    };

    [GeneratedRegex(@"^[A-Za-z0-9:/._-]{1,200}\z")]
    private static partial Regex MethodForm();
}

public enum LineState
{
    Subscribed,
    Unsubscribed,
    Suppressed,
}

/// <summary>A line as it is kept: read, or refused by a code. What could not be read is not kept.</summary>
/// <param name="Number">Of the line in the file, from 1. Together with the import it names the command, so that a line is carried out once.</param>
/// <param name="Member">Where the fault lies.</param>
public sealed record ReadLine(long Number, ImportLine? Line = null, string? Code = null, string? Member = null);

/// <summary>What became of a line, or would.</summary>
/// <param name="Position">Of its event.</param>
public sealed record LineResult(long Line, LineOutcome Outcome, string? Code = null, string? Member = null, long? Position = null)
{
    public static LineResult Invalid(ReadLine line) => new(line.Number, LineOutcome.Invalid, line.Code, line.Member);
}

public enum LineOutcome
{
    Recorded,
    Unchanged,
    Refused,
    Invalid,
}
