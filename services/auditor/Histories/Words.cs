using System.Globalization;
using System.Text.Json;
using ConsentLedger.Consent.Consents;

namespace ConsentLedger.Auditor.Histories;

/// <summary>What happened, in plain words.</summary>
internal static class Words
{
    public static string Happened(this Step step) => EventWords.Of(step.Facts) ?? (step.Event.Stored is { } stored ? $"{stored.Type} (unknown here)" : "(purged)");

    public static string By(this Step step) => step.Facts switch
    {
        IAct act => Said(act.Actor, act.Method, act.Source),
        HistoryRead read => read.Reader,
        _ => "",
    };

    public static string Effect(this Step step) => step.Facts switch
    {
        ConsentGranted when !step.ChangedState => "none: a later no prevails",
        ConsentGranted granted => step.Before.Lanes.GetValueOrDefault(granted.Lane) switch
        {
            null => "in force",
            { Given: true } before when before.PolicyVersion != granted.PolicyVersion => $"in force, now under policy {granted.PolicyVersion}",
            { Given: true } => "in force as before",
            _ => "in force again",
        },
        ConsentRefused or ConsentWithdrawn => step.Before.Lanes.GetValueOrDefault(((ILaneAct)step.Facts).Lane) switch
        {
            null or { Status: LaneStatus.Asked or LaneStatus.Pending } => "refused before it was ever given",
            { Given: true } => "no longer in force",
            _ => "still not in force",
        },
        ConsentConfirmed when step.ChangedState => "in force",
        ConsentExpired or ConsentConfirmed or RecordCorrected when !step.ChangedState => "none: what it is about is replaced",
        ConsentExpired => "no longer in force",
        RecordCorrected { Voided: true } => "rests on nothing any more",
        ObjectionRaised { Due: { } due } => $"stopped until decided, by {due.Utc()}",
        ObjectionRaised or SignalReceived { Honoured: true } => "stopped",
        ProcessingRestricted => "only stored",
        SubjectCameOfAge => "what a guardian consented to waits to be affirmed",
        ErasureStarted => "nothing more is recorded of the person",
        SubjectErased => string.Create(CultureInfo.InvariantCulture, $"key destroyed, {step.Before.Lanes.Count} consents forgotten"),
        _ => "",
    };

    public static Lane? LaneOf(this Step step) => (step.Facts as ILaneAct)?.Lane;

    public static string? PolicyOf(this Step step) => (step.Facts as ILaneAct)?.PolicyVersion;

    public static DateTimeOffset DoneAt(this Step step) =>
        step.Facts is null ? step.Event.Place.RecordedAt : ConsentLedger.Consent.Consents.Reading.Replay.DoneAt(step.Facts, step.Event.Place);

    public static string Name(this Lane lane) => $"{lane.Purpose}, {(lane.Channel is null ? "" : $"{lane.Channel}, ")}{lane.Bounds}";

    public static string State(this LaneState? lane) => lane switch
    {
        null => "never-asked",
        _ => lane.Status.ToString().ToLowerInvariant(),
    };

    public static IOrderedEnumerable<Lane> InOrder(this IEnumerable<Lane> lanes) =>
        lanes.OrderBy(l => l.Purpose, StringComparer.Ordinal).ThenBy(l => l.Channel, StringComparer.Ordinal).ThenBy(l => l.Bounds, StringComparer.Ordinal);

    public static string Utc(this DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture);

    /// <summary>Rows under their headings, each column as wide as its widest cell.</summary>
    public static IEnumerable<string> Table(IReadOnlyList<string> headings, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var widths = headings.Select((heading, i) => rows.Select(r => r[i].Length).Append(heading.Length).Max()).ToArray();
        return rows.Prepend(headings).Select(row => string.Join("  ", row.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd());
    }

    private static string Said(Actor actor, Token method, Token? source) => $"{JsonNamingPolicy.KebabCaseLower.ConvertName(actor.ToString())}, {method}{(source is null ? "" : $", {source}")}";
}
