using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Reading;
using ConsentLedger.Consent.Policies;

namespace ConsentLedger.Consent.AuditorConsole;

/// <summary>What the picture shows of one subject's history: pure, made from events alone.</summary>
/// <param name="From">Where the time axis begins.</param>
/// <param name="Until">The moment of the reading: where what is known ends.</param>
/// <param name="Lanes">By purpose, channel and recipient.</param>
/// <param name="Policies">Those in force within the axis, the first perhaps published before it.</param>
/// <param name="Cut">When the erasure began, after which nothing is recorded.</param>
public sealed record Timeline(
    DateTimeOffset From, DateTimeOffset Until, IReadOnlyList<TimelineLane> Lanes, IReadOnlyList<DateTimeOffset> Readings, IReadOnlyList<PolicyMark> Policies, DateTimeOffset? Cut)
{
    // An act may be dated by a clock that was never set; it is drawn at the edge, and keeps its date in words.
    private static readonly DateTimeOffset Earliest = new(1970, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static Timeline Of(IReadOnlyList<KnownEvent> events, IReadOnlyList<PublishedVersion> policies, DateTimeOffset until)
    {
        var cut = events.Where(e => e.Facts is ErasureStarted).Select(e => (DateTimeOffset?)e.Place.RecordedAt).FirstOrDefault();
        var lanes = events.Select(e => e.Lane).OfType<Lane>().Distinct()
            .Select(lane => TimelineLane.Of(lane, events.Where(e => e.Lane == lane || e.Facts is RecordCorrected), cut ?? until))
            .OrderBy(l => l.Lane.Purpose, StringComparer.Ordinal).ThenBy(l => l.Lane.Channel, StringComparer.Ordinal).ThenBy(l => l.Lane.Recipient, StringComparer.Ordinal).ToList();
        var first = new[] { events.Select(e => e.EffectiveAt).Append(until).Min(), Earliest }.Max();
        var from = DateTimeOffset.FromUnixTimeMilliseconds((first - ((until - first) / 40)).ToUnixTimeMilliseconds() - 1);
        var inForce = policies.LastOrDefault(p => p.PublishedAt <= from);
        return new Timeline(
            from, until, lanes, [.. events.Where(e => e.Facts is HistoryRead).Select(e => e.Place.RecordedAt)],
            [.. policies.Where(p => p == inForce || (p.PublishedAt > from && p.PublishedAt <= until)).Select(p => new PolicyMark(p.Pack.Version, p.PublishedAt))], cut);
    }
}

/// <summary>One event of the subject's stream, decoded.</summary>
public sealed record KnownEvent(StoredEvent Stored, object Facts)
{
    public EventPlace Place => Stored.Place;

    public Lane? Lane => Facts switch { ILaneAct act => act.Lane, ConsentExpired expired => expired.Lane, _ => null };

    /// <summary>When it counts from: an act by its own date, everything else when it was recorded.</summary>
    public DateTimeOffset EffectiveAt => Replay.DoneAt(Facts, Place);
}

public sealed record PolicyMark(string Version, DateTimeOffset PublishedAt);

/// <param name="Spans">Of yes and of no, in order; between "never asked" and the first act there is none.</param>
public sealed record TimelineLane(Lane Lane, IReadOnlyList<ConsentSpan> Spans, IReadOnlyList<ActMark> Marks)
{
    /// <summary>
    /// At each moment the answer that a replay as of then gives, which is why an act is put in twice where it arrived late: it counts from when it was done, in the
    /// order in which it was recorded.
    /// </summary>
    /// <param name="end">Where what is still open ends: the cut of an erasure, or the reading.</param>
    internal static TimelineLane Of(Lane lane, IEnumerable<KnownEvent> events, DateTimeOffset end)
    {
        var acts = events.OrderBy(e => e.EffectiveAt).ThenBy(e => e.Place.Version).ToList();
        var spans = new List<ConsentSpan>();
        var (answer, newest) = (Answer.None, 0L);
        for (var i = 0; i < acts.Count; i++)
        {
            answer = acts[i].Place.Version > newest ? answer.After(acts[i], lane) : acts.Take(i + 1).OrderBy(e => e.Place.Version).Aggregate(Answer.None, (a, e) => a.After(e, lane));
            newest = Math.Max(newest, acts[i].Place.Version);
            var (from, until) = (acts[i].EffectiveAt, i + 1 < acts.Count && acts[i + 1].EffectiveAt < end ? acts[i + 1].EffectiveAt : end);
            if (from >= until || answer.IsOpen(lane)) continue;
            if (spans is [.., var last] && (last.Given, last.KnownSince, last.Until) == (answer.Given, answer.KnownSince, from)) spans[^1] = last with { Until = until };
            else spans.Add(new ConsentSpan(answer.Given, from, until, answer.KnownSince));
        }

        return new TimelineLane(lane, spans, [.. acts.Where(a => a.Lane is not null).Select(MarkOf)]);
    }

    private static ActMark MarkOf(KnownEvent act) => new(
        act.Facts switch
        {
            ConsentGranted { InForce: false } => ActKind.Overtaken,
            ConsentGranted or ConsentConfirmed => ActKind.Given,
            ConsentAsked or ConsentPending => ActKind.Asked,
            ConsentExpired => ActKind.Ended,
            _ => ActKind.Withdrawn,
        }, act.EffectiveAt, act.Place);

    /// <param name="KnownSince">When the act was recorded that turned the answer into this one.</param>
    private readonly record struct Answer(SubjectConsents State, bool Given, DateTimeOffset KnownSince)
    {
        public static Answer None => new(SubjectConsents.Stream.Replay([], ConsentCatalog.Events), false, DateTimeOffset.MaxValue);

        /// <summary>Whether nothing was answered yet.</summary>
        public bool IsOpen(Lane lane) => State.Lanes.GetValueOrDefault(lane) is null or { Status: LaneStatus.Asked or LaneStatus.Pending, LastNo: null };

        public Answer After(KnownEvent act, Lane lane)
        {
            var next = SubjectConsents.Stream.After(State, act.Facts, act.Place);
            var given = next.Lanes.GetValueOrDefault(lane) is { Given: true };
            return new Answer(next, given, given == Given && State.Lanes.Count > 0 ? KnownSince : act.Place.RecordedAt);
        }
    }
}

/// <summary>How long an answer held, as known at the reading.</summary>
/// <param name="KnownSince">Before this nobody knew.</param>
public sealed record ConsentSpan(bool Given, DateTimeOffset From, DateTimeOffset Until, DateTimeOffset KnownSince);

/// <param name="At">When the act counts from.</param>
/// <param name="Place">When, and as what, it was recorded.</param>
public sealed record ActMark(ActKind Kind, DateTimeOffset At, EventPlace Place);

public enum ActKind
{
    Given,
    Withdrawn,

    /// <summary>A yes that a withdrawal recorded earlier had already overtaken: history, and not in force.</summary>
    Overtaken,

    /// <summary>A question, or the first of two steps.</summary>
    Asked,

    /// <summary>The end that a consent had of itself.</summary>
    Ended,
}
