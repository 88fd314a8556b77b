using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.Consents;

/// <summary>What one consent covers: a purpose, over a channel where the purpose has any, for a recipient.</summary>
/// <param name="Law">The regime of the policy under which it was said, by its jurisdiction; null where no place was named. What is said under one law never overwrites what is said under another.</param>
/// <param name="Scope">One right at another provider, where the purpose is an authorisation for that.</param>
public readonly record struct Lane(string Purpose, string? Channel, string Recipient, string? Law = null, string? Scope = null)
{
    /// <summary>In words: for whom, and where there are several, of which right and under whose law.</summary>
    public string Bounds => Recipient + (Scope is null ? "" : $", {Scope}") + Law switch { null => "", Jurisdictions.Anywhere => " (other places)", _ => $" ({Law})" };

    /// <summary>Whether a question about <paramref name="asked"/> has to look here too: a no that names no law is said under each, and a question that names none asks under all.</summary>
    public bool Concerns(Lane asked) => (Purpose, Channel, Recipient, Scope) == (asked.Purpose, asked.Channel, asked.Recipient, asked.Scope) && IsUnderLawOf(asked);

    public bool IsUnderLawOf(Lane asked) => Law is null || asked.Law is null || Law == asked.Law;
}

/// <param name="OccurredAt">When the act that counts was done, as its sender claims.</param>
/// <param name="Place">Where the event lies on which this rests.</param>
/// <param name="LastNo">The latest moment at which the person said no, however often it was said and whatever came after.</param>
/// <param name="Until">When this ends by itself.</param>
/// <param name="RenewalDue">That it ends soon has been told.</param>
/// <param name="Ends">Of a first step: when the consent ends that it becomes.</param>
/// <param name="WasGiven">It was given once, whatever came after: data may have gone out on it.</param>
/// <param name="Renewal">The first step of a renewal that waits to be confirmed, while this stands.</param>
/// <param name="LastNoPosition">Where the no lies that was recorded last, whatever moment it claims.</param>
/// <param name="NoesUnder">The versions of the policy under which the person said no since their last yes, a space before each.</param>
public sealed record LaneState(
    LaneStatus Status, DateTimeOffset OccurredAt, EventPlace Place, string PolicyVersion, Actor Actor, TextShown? Text, DateTimeOffset? LastNo, DateTimeOffset? Until = null, bool RenewalDue = false, bool WasGiven = false, DateTimeOffset? Ends = null, LaneState? Renewal = null,
    long? LastNoPosition = null, string NoesUnder = "")
{
    public bool Given => Status == LaneStatus.Given;

    /// <summary>The first step that a confirmation would be the second of. One whose time was up when word of it came, and not when it was done, waits as well.</summary>
    public LaneState? FirstStep => Status == LaneStatus.Pending || (Status == LaneStatus.Expired && !WasGiven) ? this : Renewal;

    public bool IsNo => Status is LaneStatus.Withdrawn or LaneStatus.Refused;

    /// <summary>Whether it rests on the person's own act, or a guardian's for them.</summary>
    public bool IsOwn => Actor.IsOwn();

    /// <summary>Only the person's own act, dated after every no, undoes them: no import and no late message does.</summary>
    public static bool Undoes(Actor actor, DateTimeOffset occurredAt, DateTimeOffset? lastNo) => lastNo is null || (actor.IsOwn() && occurredAt > lastNo);

    /// <summary>
    /// What stands where the same was answered in several places: by one person under several ids, or under several laws. The most restrictive does, unless the person's own act
    /// came later than it: dated after every no, and recorded after it, lest a clock that runs ahead keep every no out that comes before its date.
    /// </summary>
    public static LaneState? Resolve(IReadOnlyCollection<LaneState> states, DateTimeOffset now)
    {
        if (states.Count <= 1) return states.FirstOrDefault();
        var (lastNo, behind) = (states.Max(s => s.LastNo), states.Max(s => s.LastNoPosition));
        var standing = states.Where(s => s.Given && Undoes(s.Actor, s.OccurredAt, lastNo) && !(s.Place.Position <= behind))
            .OrderBy(s => s.Until is { } until && until <= now).ThenByDescending(s => s.IsOwn).ThenByDescending(s => s.OccurredAt).ThenByDescending(s => s.Place.Position);
        return standing.FirstOrDefault() ?? states.OrderByDescending(s => s.IsNo).ThenBy(s => s.Given).ThenByDescending(s => s.Place.Position).First();
    }
}

public enum LaneStatus
{
    Asked,
    Pending,
    Given,
    Refused,
    Withdrawn,
    Expired,

    /// <summary>What it rested on was recorded by mistake.</summary>
    Voided,
}
