using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.AuditorConsole;

/// <summary>Every event in plain words, with its facts, in the order in which it was recorded.</summary>
/// <param name="sealedVersions">The events with a sealed part that is still there.</param>
/// <param name="evidence">What was sealed, by version; null where nothing was disclosed.</param>
internal sealed class EventList(SubjectFile file, Moment moment, IReadOnlySet<long> sealedVersions, IReadOnlyDictionary<long, byte[]>? evidence, int page)
{
    private const int PerPage = 100;

    // Encoded as HTML when it is put into the page, so here it stays as readable as it is.
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private int Pages => (file.Events.Count + PerPage - 1) / PerPage;

    public static int PageIn(IQueryCollection query) => int.TryParse(query["page"], NumberStyles.None, CultureInfo.InvariantCulture, out var page) ? page : 1;

    /// <summary>To an event in the list, from anywhere on the page.</summary>
    public static Html Link(SubjectFile file, EventPlace place) => $"""<a href="{AddressOf(file, place)}">event {place.Version}</a>""";

    public static string AddressOf(SubjectFile file, EventPlace place) => $"{file.At(null, $"&page={((place.Version - 1) / PerPage) + 1}")}#event-{place.Version}";

    public Html Draw()
    {
        var shown = Math.Clamp(page, 1, Pages);
        return $"""
            <section aria-labelledby="events" class="events">
            <h2 id="events">Events</h2>
            {Pager(shown)}
            <ol start="{((shown - 1) * PerPage) + 1}">{file.Events.Skip((shown - 1) * PerPage).Take(PerPage).Select(Item)}</ol>
            {Pager(shown)}
            </section>
            """;
    }

    private Html Item(KnownEvent e) => $"""
        <li id="event-{e.Place.Version}" value="{e.Place.Version}" class="{(moment.KnownAt < e.Place.RecordedAt ? "later" : "")}" data-recorded="{e.Place.RecordedAt.ToUnixTimeMilliseconds()}">
        <div class="what"><p><strong>{Wording.Sentence(e.Facts)}</strong></p><p>{Details(e)}</p>{Evidence(e)}</div>
        <div class="when"><time datetime="{e.Place.RecordedAt.Machine()}">{e.Place.RecordedAt.Exact()}</time><span class="sub">recorded, position {e.Place.Position}</span>
        <a href="{file.Path}/events/{e.Place.Version}?reading={file.Reading.Place.Version}">Proof<span class="hidden"> of event {e.Place.Version}</span></a></div>
        <details class="facts"><summary>{e.Stored.Type}</summary><pre tabindex="0">{JsonSerializer.Serialize(JsonSerializer.Deserialize<JsonElement>(e.Stored.Data.Span), Readable)}</pre></details>
        </li>
        """;

    private Html Details(KnownEvent e) => e.Facts switch
    {
        ILaneAct act => $"""<b>{file.TitleOf(act.Lane.Purpose)}</b> · {Wording.Channel(act.Lane.Channel)} · {act.Lane.Bounds}. {By(act)}, under policy {act.PolicyVersion}; {Done(act)}.""",
        ConsentExpired expired => $"<b>{file.TitleOf(expired.Lane.Purpose)}</b> · {Wording.Channel(expired.Lane.Channel)} · {expired.Lane.Bounds}.",
        IAct act => $"{By(act)}; {Done(act)}.",
        HistoryRead r => $"By <b>{r.Reader}</b>.",
        ErasureStarted s => $"Request <span class=\"id\">{s.Request.ToString()}</span>.",
        SubjectErased s => $"Request <span class=\"id\">{s.Request.ToString()}</span>.",
        _ => Html.Empty,
    };

    private static Html By(IAct act) => $"By {Wording.Actor(act.Actor)}, {act.Method.Value}{(act.Source is { } source ? $", from {source.Value}" : "")}";

    private static Html Done(IAct act) => $"""done <time datetime="{act.OccurredAt.Machine()}">{act.OccurredAt.Exact()}</time>""";

    private Html Evidence(KnownEvent e)
    {
        if (evidence?.TryGetValue(e.Place.Version, out var opened) == true) return $"""<div class="evidence"><p>Sealed evidence</p><pre tabindex="0">{JsonSerializer.Serialize(JsonSerializer.Deserialize<JsonElement>(opened), Readable)}</pre></div>""";
        return sealedVersions.Contains(e.Place.Version) ? (Html)$"""<p class="sealed">Sealed evidence lies with this event.</p>""" : Html.Empty;
    }

    private Html Pager(int shown) => Pages == 1 ? Html.Empty : (Html)$"""
        <nav class="pager" aria-label="Pages of events">{Enumerable.Range(1, Pages).Select(p => p == shown ? (Html)$"""<b aria-current="page">{p}</b>""" : (Html)$"""<a href="{file.At(moment, $"&page={p}")}#events">{p}</a>""")}</nav>
        """;
}
