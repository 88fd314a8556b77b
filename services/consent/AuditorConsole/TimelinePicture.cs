using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.AuditorConsole;

/// <summary>
/// The timeline as SVG, beside the names of its lanes. Yes is a bar, no a thin dashed line, "never asked" is empty; every kind of mark has a shape of its own, so
/// that nothing is told by colour alone.
/// </summary>
public sealed class TimelinePicture
{
    /// <summary>More are counted in a note and listed in the table: nobody tells them apart in a picture.</summary>
    public const int MaxLanes = 60;

    private const double Width = 830, Right = 18, Top = 46, Bottom = 42, GroupHeight = 26, Roomy = 30, Tight = 20;
    private const int RoomyLanes = 14;

    /// <summary>In pixels: what lies closer together in a lane, and is of one kind, is drawn as one.</summary>
    private const double MarkGap = 4;

    /// <summary>In pixels: an act recorded later than this after it was done gets a link.</summary>
    private const double LinkGap = 3;

    private readonly Timeline _timeline;
    private readonly Moment _moment;
    private readonly Func<string, string> _titleOf;
    private readonly TimeAxis _axis;
    private readonly double _laneHeight;
    private readonly List<(TimelineLane Lane, double Y)> _lanes = [];
    private readonly List<(string Text, string? Hint, string Kind)> _names = [];
    private readonly double _readingsY;
    private readonly double _height;

    /// <param name="titleOf">A purpose's title by its id.</param>
    public TimelinePicture(Timeline timeline, Moment moment, Func<string, string> titleOf)
    {
        (_timeline, _moment, _titleOf) = (timeline, moment, titleOf);
        _axis = new TimeAxis(timeline.From, timeline.Until, Width);
        _laneHeight = timeline.Lanes.Count <= RoomyLanes ? Roomy : Tight;
        var y = Top;
        foreach (var purpose in timeline.Lanes.Take(MaxLanes).GroupBy(l => l.Lane.Purpose))
        {
            _names.Add((titleOf(purpose.Key), purpose.Key, "group"));
            y += GroupHeight;
            foreach (var lane in purpose)
            {
                _names.Add(($"{Wording.Channel(lane.Lane.Channel)} · {lane.Lane.Bounds}", null, _laneHeight < Roomy ? "lane tight" : "lane"));
                _lanes.Add((lane, y + (_laneHeight / 2)));
                y += _laneHeight;
            }
        }

        _names.Add(("Readings", null, "group"));
        _readingsY = y + (GroupHeight / 2);
        _height = y + GroupHeight;
    }

    public Html Draw() => $"""
        <div class="picture" role="group" aria-label="Timeline" tabindex="0">
        <div class="names" aria-hidden="true">{_names.Select(n => (Html)$"""<div class="{n.Kind}" title="{n.Hint ?? n.Text}"><span>{n.Text}</span></div>""")}</div>
        <svg id="timeline" role="img" aria-labelledby="timeline-title timeline-desc" width="{Width + Right}" height="{_height + Bottom}" viewBox="0 0 {Width + Right} {_height + Bottom}"
          data-from="{_timeline.From.ToUnixTimeMilliseconds()}" data-until="{_timeline.Until.ToUnixTimeMilliseconds()}" data-width="{Width}">
        <title id="timeline-title">What this person had consented to, from {_timeline.From.Exact()} to {_timeline.Until.Exact()} UTC</title>
        <desc id="timeline-desc">{Description()} The table below the picture says the same in words.</desc>
        <defs><pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch" width="2.5" height="8"/></pattern></defs>
        {Grid()}{Policies()}{_lanes.Select(l => DrawLane(l.Lane, l.Y))}{Readings()}{Cut()}{Veil()}
        </svg>
        </div>
        {Note()}
        """;

    private string Description()
    {
        var open = _timeline.Cut is null ? _timeline.Lanes.Count(l => l.Spans is [.., { Given: true }]) : 0;
        var erased = _timeline.Cut is { } cut ? $" Erasure began on {cut.Exact()}; nothing is recorded after it." : "";
        return $"{_timeline.Lanes.Count} lanes of purpose, channel and recipient; consent stands in {open} of them at the end.{erased}";
    }

    private Html Grid() => $"""
        <g class="grid">{_axis.Ticks().Select(t => (Html)$"""
        <line x1="{t.X:0.#}" x2="{t.X:0.#}" y1="{Top}" y2="{_height + 5}"/><text x="{t.X:0.#}" y="{_height + 19}" text-anchor="{Anchor(t.X)}">{t.Label}</text>{(t.Day is null ? Html.Empty : (Html)$"""<text class="day" x="{t.X:0.#}" y="{_height + 34}" text-anchor="{Anchor(t.X)}">{t.Day}</text>""")}
        """)}
        <line class="axis" x1="0" x2="{Width}" y1="{_height}" y2="{_height}"/>{_lanes.Select(l => (Html)$"""<line class="rail" x1="0" x2="{Width}" y1="{l.Y}" y2="{l.Y}"/>""")}</g>
        """;

    private static string Anchor(double x) => x < 28 ? "start" : x > Width - 28 ? "end" : "middle";

    /// <summary>Labels that would lie over one another are moved to a second row, and left to the rule's own title where that is taken too.</summary>
    private Html Policies()
    {
        var free = new double[2];
        return Html.Of(_timeline.Policies.Select(policy =>
        {
            var (x, label) = (_axis.At(policy.PublishedAt), $"policy {policy.Version}");
            var (before, width) = (policy.PublishedAt <= _timeline.From, (label.Length * 6.4) + 12);
            var start = x + 4 + width <= Width ? x + 4 : x - width;
            var row = Array.FindIndex(free, end => start >= end);
            if (row >= 0) free[row] = start + width;
            return (Html)$"""
                <g class="policy"><title>Policy {policy.Version}, published {policy.PublishedAt.Exact()}</title>{(before ? Html.Empty : (Html)$"""<line x1="{x:0.#}" x2="{x:0.#}" y1="{(row == 1 ? 18 : 4)}" y2="{_height}"/>""")}{(row < 0 ? Html.Empty : (Html)$"""<text x="{start:0.#}" y="{(row == 1 ? 29 : 14)}">{label}</text>""")}</g>
                """;
        }));
    }

    private Html DrawLane(TimelineLane lane, double y) => $"""
        <g class="of-lane">{lane.Spans.Select(s => DrawSpan(s, y))}{lane.Marks.Where(IsLate).Select(m => Link(m, y))}{Clusters(lane).Select(c => DrawMark(c, y))}</g>
        """;

    private Html DrawSpan(ConsentSpan span, double y)
    {
        var (from, until) = (_axis.At(span.From), _axis.At(span.Until));
        var words = $"{(span.Given ? "Given" : "Not given")} from {span.From.Exact()} to {span.Until.Exact()}";
        return span.Given
            ? (Html)$"""<rect class="yes{Later(span.KnownSince)}" data-recorded="{span.KnownSince.ToUnixTimeMilliseconds()}" x="{from:0.#}" y="{y - 5}" width="{Math.Max(until - from, 1.5):0.#}" height="10" rx="2"><title>{words}</title></rect>"""
            : (Html)$"""<line class="no{Later(span.KnownSince)}" data-recorded="{span.KnownSince.ToUnixTimeMilliseconds()}" x1="{from:0.#}" x2="{until:0.#}" y1="{y}" y2="{y}"><title>{words}</title></line>""";
    }

    private bool IsLate(ActMark mark) => _axis.At(mark.Place.RecordedAt) - _axis.At(mark.At) > LinkGap;

    /// <summary>From when it was done to when it was recorded.</summary>
    private Html Link(ActMark mark, double y)
    {
        var (from, until, low) = (_axis.At(mark.At), _axis.At(mark.Place.RecordedAt), y + Math.Min(10, (_laneHeight / 2) - 1));
        return $"""<path class="late{Later(mark.Place.RecordedAt)}" data-recorded="{mark.Place.RecordedAt.ToUnixTimeMilliseconds()}" d="M{from:0.#} {y} L{from:0.#} {low} H{until:0.#} m0 -3 v6"><title>Done {mark.At.Exact()}, recorded {mark.Place.RecordedAt.Exact()}</title></path>""";
    }

    private IEnumerable<IReadOnlyList<ActMark>> Clusters(TimelineLane lane) =>
        lane.Marks.GroupBy(m => (m.Kind, Math.Round(_axis.At(m.At) / MarkGap))).OrderBy(g => g.Key.Item2).ThenBy(g => g.Key.Kind).Select(g => (IReadOnlyList<ActMark>)[.. g]);

    private Html DrawMark(IReadOnlyList<ActMark> cluster, double y)
    {
        var mark = cluster[0];
        var (x, size) = (_axis.At(mark.At), _laneHeight < Roomy ? 3 : 4.5);
        var words = $"{mark.Kind switch { ActKind.Given => "Yes", ActKind.Withdrawn => "No", ActKind.Asked => "Asked", ActKind.Ended => "Ran out", _ => "A yes already overtaken" }}, {mark.At.Exact()}, event {mark.Place.Version}{(cluster.Count > 1 ? $" and {cluster.Count - 1} more" : "")}";
        Html shape = mark.Kind switch
        {
            ActKind.Withdrawn => $"""<path d="M{x - size:0.#} {y - size} l{2 * size} {2 * size} m0 -{2 * size} l-{2 * size} {2 * size}"/>""",
            ActKind.Asked or ActKind.Ended => $"""<path d="M{x:0.#} {y - size} v{2 * size}"/>""",
            _ => $"""<circle cx="{x:0.#}" cy="{y}" r="{size}"/>""",
        };
        var count = cluster.Count > 1 ? (Html)$"""<text x="{x + 5:0.#}" y="{y - 5}">{cluster.Count}</text>""" : Html.Empty;
        return $"""<g class="mark {Name(mark.Kind)}{Later(mark.Place.RecordedAt)}" data-recorded="{mark.Place.RecordedAt.ToUnixTimeMilliseconds()}"><title>{words}</title>{shape}{count}</g>""";
    }

    private static string Name(ActKind kind) => kind switch { ActKind.Given => "given", ActKind.Withdrawn => "withdrawn", ActKind.Asked => "asked", ActKind.Ended => "withdrawn", _ => "overtaken" };

    private string Later(DateTimeOffset recordedAt) => _moment.KnownAt < recordedAt ? " later" : "";

    private Html Readings() => $"""
        <g class="readings">{_timeline.Readings.GroupBy(r => Math.Round(_axis.At(r) / MarkGap)).Select(g => (Html)$"""
        <path d="M{_axis.At(g.First()):0.#} {_readingsY - 5} l5 5 l-5 5 l-5 -5 z"><title>Read {g.First().Exact()}{(g.Count() > 1 ? $" and {g.Count() - 1} times more" : "")}</title></path>
        """)}</g>
        """;

    private Html Cut()
    {
        if (_timeline.Cut is not { } cut) return Html.Empty;
        var x = _axis.At(cut);
        var (label, anchor) = x > Width - 90 ? (x - 6, "end") : (x + 6, "start");
        return $"""
            <g class="cut"><title>Erased: nothing is recorded after {cut.Exact()}</title><rect class="nothing" x="{x:0.#}" y="{Top - 8}" width="{Math.Max(Width - x, 3):0.#}" height="{_height - Top + 8}" fill="url(#hatch)"/>
            <line x1="{x:0.#}" x2="{x:0.#}" y1="{Top - 14}" y2="{_height}"/><text x="{label:0.#}" y="{Top - 5}" text-anchor="{anchor}">erased</text></g>
            """;
    }

    /// <summary>What lies beyond the replayed moment, and the moment itself; the script moves both.</summary>
    private Html Veil()
    {
        var x = _axis.At(_moment.Latest ?? _timeline.Until);
        return $"""
            <rect id="veil" x="{x:0.#}" y="{Top - 14}" width="{Width - x:0.#}" height="{_height - Top + 14}"/>
            <g id="playhead" transform="translate({x:0.#} 0)"><line x1="0" x2="0" y1="{Top - 12}" y2="{_height + 4}"/><path d="M-5 {Top - 16} h10 l-5 7 z"/></g>
            """;
    }

    private Html Note() => _timeline.Lanes.Count <= MaxLanes
        ? Html.Empty
        : (Html)$"""<p class="note">{_timeline.Lanes.Count - MaxLanes} further lanes are left out of the picture; the table below has all {_timeline.Lanes.Count}.</p>""";
}
