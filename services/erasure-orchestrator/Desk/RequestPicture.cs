using System.Globalization;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Desk;

/// <summary>A request as a picture: the time it has, and what each system did in it. Open is hatched, done is full, and every mark has a shape of its own.</summary>
internal sealed class RequestPicture
{
    private const double Width = 760, Top = 22, Lane = 30, Bottom = 44, Apart = 52;

    private readonly PersonRequest _request;
    private readonly DateTimeOffset _now;
    private readonly TimeAxis _axis;
    private readonly IReadOnlyList<(string Name, RequestTask Task)> _lanes;

    public RequestPicture(PersonRequest request, DateTimeOffset now)
    {
        (_request, _now) = (request, now);
        var last = new[] { request.Deadline.LapsesAt, request.EndedAt ?? now }.Max();
        _axis = new TimeAxis(request.ReceivedAt, last + ((last - request.ReceivedAt) * 0.04), Width);
        _lanes = [.. request.Tasks.OrderBy(t => t.Value.Phase).ThenBy(t => t.Key, StringComparer.Ordinal).Select(t => (t.Key, t.Value))];
    }

    private double Height => Top + ((_lanes.Count + 1) * Lane);

    public Html Draw() => $"""
        <div class="picture" role="group" aria-label="Timeline" tabindex="0">
        <div class="names" aria-hidden="true"><div>Request</div>{_lanes.Select(l => (Html)$"""<div title="{l.Name}">{l.Name}</div>""")}</div>
        <svg role="img" aria-labelledby="picture-title picture-desc" width="{Width + 24}" height="{Height + Bottom}" viewBox="-8 0 {Width + 24} {Height + Bottom}">
        <title id="picture-title">From the receipt of the request to its last day</title>
        <desc id="picture-desc">{_lanes.Count(l => !l.Task.IsOpen)} of {_lanes.Count} systems have answered. The table below says the same in words.</desc>
        <defs><pattern id="open" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch" width="2.5" height="7"/></pattern></defs>
        <g class="grid">{_axis.Ticks().Select(t => (Html)$"""
        <line x1="{t.X:0.#}" x2="{t.X:0.#}" y1="{Top}" y2="{Height + 5}"/><text x="{t.X:0.#}" y="{Height + 19}" text-anchor="{Anchor(t.X)}">{t.Label}</text>{(t.Day is null ? Html.Empty : (Html)$"""<text x="{t.X:0.#}" y="{Height + 34}" text-anchor="{Anchor(t.X)}">{t.Day}</text>""")}
        """)}</g>
        {RequestLane()}{_lanes.Select((l, n) => TaskLane(l.Task, Top + ((n + 1.5) * Lane)))}{Rules()}
        </svg>
        </div>
        """;

    private Html RequestLane()
    {
        var y = Top + (Lane / 2);
        return $"""
            {Bar(_request.ReceivedAt, _request.EndedAt ?? _now, y, _request.IsOpen, _request.IsOpen ? "Open" : "Ended")}
            {_request.HeldBefore.Select(h => Held(h.From, h.Until, y, $"On legal hold from {Moment(h.From)} to {Moment(h.Until)}"))}
            {(_request.HeldSince is { } since ? Held(since, _request.EndedAt ?? _now, y, $"On legal hold since {Moment(since)}") : Html.Empty)}
            {(_request.PlannedAt is { } planned ? (Html)$"""<path class="mark" d="M{_axis.At(planned):0.#} {y - 7}l5 7l-5 7l-5 -7z"><title>Planned {Moment(planned)}</title></path>""" : Html.Empty)}
            {(_request.Lengthened is { At: var at } ? (Html)$"""<path class="mark" d="M{_axis.At(at) - 4:0.#} {y - 7}l9 7l-9 7z"><title>Extended {Moment(at)}: {DeskWords.Plain(_request.Extension!.Reason)}</title></path>""" : Html.Empty)}
            """;
    }

    private Html TaskLane(RequestTask task, double y)
    {
        if (task.Stage == TaskStage.Planned) return Html.Empty;
        Html end = task.CompletedAt is not { } at ? Html.Empty
            : task.IsWhole ? (Html)$"""<circle class="mark" cx="{_axis.At(at):0.#}" cy="{y}" r="6"><title>{DeskWords.Plain(task.Outcome!.Value)}</title></circle>"""
            : (Html)$"""<rect class="mark partly" x="{_axis.At(at) - 5:0.#}" y="{y - 5}" width="10" height="10"><title>{DeskWords.Plain(task.Outcome!.Value)}</title></rect>""";
        return $"""{Bar(_request.PlannedAt ?? _request.ReceivedAt, task.CompletedAt ?? _now, y, task.IsOpen, task.IsOpen ? "Waiting for the answer" : "Answered")}{end}""";
    }

    private Html Bar(DateTimeOffset from, DateTimeOffset until, double y, bool isOpen, string words) =>
        $"""<rect class="{(isOpen ? "bar open" : "bar")}" x="{_axis.At(from):0.#}" y="{y - 5}" width="{Math.Max(_axis.At(until) - _axis.At(from), 2):0.#}" height="10" rx="2"><title>{words}</title></rect>""";

    private Html Held(DateTimeOffset from, DateTimeOffset until, double y, string words) =>
        $"""<rect class="held" x="{_axis.At(from):0.#}" y="{y - 10}" width="{Math.Max(_axis.At(until) - _axis.At(from), 2):0.#}" height="20"><title>{words}</title></rect>""";

    /// <summary>The days that count. Two that lie near each other have their words on either side.</summary>
    private IEnumerable<Html> Rules()
    {
        List<(double X, string Kind, string Label)> rules = [(_axis.At(_request.Deadline.LapsesAt), "due", "due")];
        if (_request.Lengthened is { Before: var before }) rules.Add((_axis.At(before.LapsesAt), "before", "first due"));
        if (_request.IsOpen) rules.Add((_axis.At(_now), "now", "now"));
        rules.Sort();
        for (var n = 0; n < rules.Count; n++)
        {
            var (x, kind, label) = rules[n];
            var anchor = n + 1 < rules.Count && rules[n + 1].X - x < Apart ? "end" : n > 0 && x - rules[n - 1].X < Apart ? "start" : Anchor(x);
            yield return $"""<g class="rule {kind}"><line x1="{x:0.#}" x2="{x:0.#}" y1="{Top - 4}" y2="{Height}"/><text x="{x:0.#}" y="{Top - 8}" text-anchor="{anchor}">{label}</text></g>""";
        }
    }

    private static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static string Anchor(double x) => x < 28 ? "start" : x > Width - 28 ? "end" : "middle";
}
