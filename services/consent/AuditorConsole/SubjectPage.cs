using ConsentLedger.Consent.Consents;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.AuditorConsole;

/// <summary>The history of one person on one page: picture, moment, events.</summary>
internal static class SubjectPage
{
    public static ConsolePage Of(SubjectFile file, Moment moment, Question question, EventList events) => new("History of a subject", $"""
        <div class="title"><div>
        <h1>History of <span class="id">{file.Subject.ToString()}</span></h1>
        <p>{Summary(file)} <span class="note">Your reading on {file.Reading.Place.RecordedAt.Exact()} UTC is recorded as event {file.Reading.Place.Version}; what came later needs <a href="{file.Path}">another reading</a>.</span></p>
        </div>{Disclosure(file)}</div>
        <section aria-labelledby="over-time">
        <h2 id="over-time">Over time</h2>
        {new TimelinePicture(file.Timeline, moment, file.TitleOf).Draw()}
        {Slider(file, moment, question)}
        {Legend}
        {InWords(file)}
        </section>
        <div id="moment">{MomentView.Of(file, moment, question)}</div>
        {events.Draw()}
        """, file.Caller);

    private static Html Legend => $"""
        <ul class="legend" aria-label="Legend">
        <li><svg width="34" height="14" aria-hidden="true"><rect class="yes" x="1" y="2" width="32" height="10" rx="2"/></svg>consent given</li>
        <li><svg width="34" height="14" aria-hidden="true"><line class="no" x1="1" x2="33" y1="7" y2="7"/></svg>said no</li>
        <li><svg width="14" height="14" aria-hidden="true" class="mark given"><circle cx="7" cy="7" r="5"/></svg>a yes</li>
        <li><svg width="14" height="14" aria-hidden="true" class="mark withdrawn"><path d="M2.5 2.5 l9 9 m0 -9 l-9 9"/></svg>a withdrawal</li>
        <li><svg width="14" height="14" aria-hidden="true" class="mark overtaken"><circle cx="7" cy="7" r="4.5"/></svg>a yes that came too late</li>
        <li><svg width="34" height="14" aria-hidden="true"><path class="late" d="M2 3 v7 H32 m0 -3 v6"/></svg>done, then recorded</li>
        <li><svg width="14" height="14" aria-hidden="true" class="readings"><path d="M7 2 l5 5 l-5 5 l-5 -5 z"/></svg>read by an auditor</li>
        <li><svg width="14" height="14" aria-hidden="true" class="policy"><line x1="7" x2="7" y1="0" y2="14"/></svg>policy published</li>
        </ul>
        """;

    private static string Summary(SubjectFile file)
    {
        var acts = file.Events.Count(e => e.Lane is not null);
        var erasure = file.Events.Any(e => e.Facts is SubjectErased) ? " This person was erased." : file.Timeline.Cut is not null ? " Their erasure has begun." : "";
        return $"{file.Events.Count:N0} events, {acts:N0} of them acts of consent, since {file.Events[0].Place.RecordedAt.Exact()} UTC.{erasure}";
    }

    private static Html Disclosure(SubjectFile file) => file switch
    {
        { IsDisclosed: true } => $"""<p class="badge">Sealed evidence is open in this reading. <a href="{file.Path}">Close it</a></p>""",
        _ when file.Caller.Scopes.Contains(Scopes.ConsentDisclose) => $"""
            <form method="post" action="{file.Path}/disclosures"><button>Disclose sealed evidence</button><p class="note">Recorded as a disclosure.</p></form>
            """,
        _ => Html.Empty,
    };

    /// <summary>Two forms, since without a script the browser sends all fields of one: the slider, and the exact clocks.</summary>
    private static Html Slider(SubjectFile file, Moment moment, Question question)
    {
        var (from, until) = (file.Timeline.From, file.Timeline.Until);
        var shown = moment.KnownAt ?? until;
        var place = moment.KnownAt is null ? Moment.Places : Moment.PlaceOf(shown, from, until);
        return $"""
            <form id="slider" class="slider" method="get" action="{file.Path}">
            {Kept(file, question)}<input type="hidden" name="asOf" value="{Moment.FieldOf(moment.AsOf)}">
            <label for="at" class="hidden">Replay to</label>
            <input type="range" id="at" name="at" min="0" max="{Moment.Places}" value="{place}" aria-valuetext="{shown.Exact()} UTC">
            <div class="row"><span class="note">Replayed to</span><output id="shown" for="at">{shown.Exact()} UTC</output>
            <button class="without-script">Replay to here</button></div>
            </form>
            <form id="clocks" class="clocks" method="get" action="{file.Path}">
            {Kept(file, question)}
            <div><label for="known-at">Known at (UTC)</label><input id="known-at" type="datetime-local" step="0.001" name="knownAt" value="{Moment.FieldOf(moment.KnownAt)}"></div>
            <div><label for="as-of">Done by (UTC)</label><input id="as-of" type="datetime-local" step="0.001" name="asOf" value="{Moment.FieldOf(moment.AsOf)}"></div>
            <button>Replay</button>
            <p class="note">The first leaves out what was recorded later, the second what was done later. Empty, they leave nothing out.</p>
            </form>
            """;
    }

    private static Html Kept(SubjectFile file, Question question) =>
        $"""<input type="hidden" name="reading" value="{file.Reading.Place.Version}">{question.Fields()}""";

    private static Html InWords(SubjectFile file) => $"""
        <details class="in-words"><summary>The picture in words</summary>
        <div class="scroll" tabindex="0" role="group" aria-label="Spans of consent">
        <table><caption>Spans of consent, as known at this reading</caption>
        <thead><tr><th scope="col">Purpose</th><th scope="col">Channel</th><th scope="col">Recipient</th><th scope="col">Answer</th><th scope="col">From</th><th scope="col">Until</th></tr></thead>
        <tbody>{file.Timeline.Lanes.SelectMany(l => l.Spans.Select(s => (Html)$"""
        <tr><td>{file.TitleOf(l.Lane.Purpose)}</td><td>{Wording.Channel(l.Lane.Channel)}</td><td>{l.Lane.Bounds}</td><td>{(s.Given ? "yes" : "no")}</td><td>{s.From.Exact()}</td><td>{(s.Until >= file.Timeline.Until ? "now" : s.Until.Exact())}</td></tr>
        """))}</tbody></table></div>
        <p>Policies: {string.Join("; ", file.Timeline.Policies.Select(p => $"{p.Version}, published {p.PublishedAt.Exact()}"))}.</p>
        </details>
        """;
}
