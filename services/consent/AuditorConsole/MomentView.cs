using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Decisions;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.AuditorConsole;

/// <summary>What an auditor asks: "what would have been decided?" Empty until a purpose is chosen.</summary>
internal sealed record Question(string? Purpose, string? Channel, string? Recipient)
{
    public static Question Read(IQueryCollection query) => new(Given(query["purpose"]), Given(query["channel"]), Given(query["recipient"]));

    public Html Fields() => $"{Field("purpose", Purpose)}{Field("channel", Channel)}{Field("recipient", Recipient)}";

    private static Html Field(string name, string? value) => value is null ? Html.Empty : (Html)$"""<input type="hidden" name="{name}" value="{value}">""";

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;
}

/// <summary>The state at one moment, and the decision that would have been taken then.</summary>
internal static class MomentView
{
    public static Html Of(SubjectFile file, Moment moment, Question question)
    {
        var (state, pack) = (file.StateAt(moment), file.PolicyAt(moment));
        return $"""
            <section aria-labelledby="at-this-moment" class="state">
            <h2 id="at-this-moment">At this moment</h2>
            {Steps(file, moment)}
            <p class="lead">{When(file, moment)} {(pack is null ? "No policy was published yet." : $"Policy {pack.Version} was in force.")}{Erased(state)}</p>
            {(state.Lanes.IsEmpty ? (Html)$"""<p class="none">{(state.Erasure == Erasure.Done ? "Nothing remains to decide on: an erased person has given no consent." : "Nothing was known of any consent.")}</p>""" : States(file, state))}
            </section>
            <section aria-labelledby="decision" class="decision">
            <h2 id="decision">What would have been decided?</h2>
            {Form(file, moment, question, state, pack)}
            {(question.Purpose is null ? Html.Empty : Answer(file, moment, question))}
            </section>
            """;
    }

    /// <summary>To the moments at which something was recorded.</summary>
    private static Html Steps(SubjectFile file, Moment moment)
    {
        var shown = moment.KnownAt ?? file.Timeline.Until;
        var before = file.Events.LastOrDefault(e => e.Place.RecordedAt < shown);
        var after = moment.KnownAt is null ? null : file.Events.FirstOrDefault(e => e.Place.RecordedAt > shown);
        var all = moment == new Moment(null, null) ? Html.Empty : (Html)$"""<a id="all" href="{file.At()}#at-this-moment">All that is known</a>""";
        return $"""<nav class="steps" aria-label="Moments">{Step("before", "← Event before", before, file, moment)}{Step("after", "Event after →", after, file, moment)}{all}</nav>""";
    }

    private static Html Step(string id, string label, KnownEvent? to, SubjectFile file, Moment moment) => to is null
        ? (Html)$"""<span class="off">{label}</span>"""
        : $"""<a id="{id}" href="{file.At(moment with { KnownAt = to.Place.RecordedAt })}#at-this-moment">{label}</a>""";

    private static Html When(SubjectFile file, Moment moment) =>
        $"""{(moment.KnownAt is { } known ? $"Known by {known.Exact()} UTC" : $"All that is known, up to {file.Timeline.Until.Exact()} UTC")}{(moment.AsOf is { } asOf ? $", of what was done by {asOf.Exact()} UTC" : "")}.""";

    private static string Erased(SubjectConsents state) => state.Erasure switch
    {
        Erasure.Started => " Erasure had begun, and every decision says no.",
        Erasure.Done => " The person was erased, and every decision says no.",
        _ => "",
    };

    private static Html States(SubjectFile file, SubjectConsents state) => $"""
        <div class="scroll" tabindex="0" role="group" aria-label="State of every lane">
        <table class="states"><thead><tr><th scope="col">Purpose</th><th scope="col">State</th><th scope="col">Since</th><th scope="col">Rests on</th><th scope="col">Policy and text</th></tr></thead>
        <tbody>{state.Lanes.OrderBy(l => l.Key.Purpose, StringComparer.Ordinal).ThenBy(l => l.Key.Channel, StringComparer.Ordinal).ThenBy(l => l.Key.Bounds, StringComparer.Ordinal).Select(l => (Html)$"""
        <tr><th scope="row">{file.TitleOf(l.Key.Purpose)}<span class="sub">{Wording.Channel(l.Key.Channel)} · {l.Key.Bounds}</span></th>
        <td>{(l.Value.Given ? Positive("given") : Negative(Wording.Status(l.Value.Status)))}</td><td><time datetime="{l.Value.OccurredAt.Machine()}">{l.Value.OccurredAt.Exact()}</time></td>
        <td>{EventList.Link(file, l.Value.Place)}<span class="sub">position {l.Value.Place.Position}</span></td><td>{l.Value.PolicyVersion}{Text(file, l.Key, l.Value)}</td></tr>
        """)}</tbody></table></div>
        """;

    private static Html Text(SubjectFile file, Lane lane, LaneState state)
    {
        if (state.Text is not { } shown) return Html.Empty;
        var text = file.PolicyOf(state.PolicyVersion)?.FindPurpose(lane.Purpose)?.FindText(shown.Id, shown.Locale);
        var same = text is not null && shown.Hash?.Value is { } hash ? (hash == $"sha256:{text.Hash()}" ? "the text shown, by its hash" : "another text was shown than this, by its hash") : null;
        return text is null
            ? (Html)$"""<span class="sub">text {shown.Id.Value} ({shown.Locale.Value})</span>"""
            : $"""<details><summary>text {shown.Id.Value} ({shown.Locale.Value})</summary><blockquote lang="{text.Locale}">{text.Text}</blockquote>{(same is null ? Html.Empty : (Html)$"""<p class="note">{same}</p>""")}</details>""";
    }

    private static Html Form(SubjectFile file, Moment moment, Question question, SubjectConsents state, PolicyPack? pack)
    {
        var purposes = (pack?.Purposes.Select(p => p.Id) ?? []).Concat(state.Lanes.Keys.Select(l => l.Purpose));
        var channels = (pack?.Channels ?? []).Concat(state.Lanes.Keys.Select(l => l.Channel ?? ""));
        var recipients = (pack?.Recipients.Select(r => r.Id) ?? []).Concat(state.Lanes.Keys.Select(l => l.Recipient)).Prepend(PolicyPack.ControllerRecipient);
        return $"""
            <form id="question" method="get" action="{file.Path}#decision">
            <input type="hidden" name="reading" value="{file.Reading.Place.Version}"><input type="hidden" name="knownAt" value="{Moment.FieldOf(moment.KnownAt)}"><input type="hidden" name="asOf" value="{Moment.FieldOf(moment.AsOf)}">
            <div><label for="purpose">Purpose</label><select id="purpose" name="purpose">{Options(purposes, question.Purpose, file.TitleOf)}</select></div>
            <div><label for="channel">Channel</label><select id="channel" name="channel">{Options(channels.Prepend(""), question.Channel ?? "", c => Wording.Channel(c.Length == 0 ? null : c))}</select></div>
            <div><label for="recipient">Recipient</label><select id="recipient" name="recipient">{Options(recipients, question.Recipient, r => pack?.FindRecipient(r)?.Name ?? r)}</select></div>
            <button id="ask">Ask</button>
            </form>
            """;
    }

    private static Html Options(IEnumerable<string> values, string? chosen, Func<string, string> titleOf) =>
        Html.Of(values.Concat(chosen is null ? [] : [chosen]).Distinct().Select(v => (Html)$"""<option value="{v}"{(v == chosen ? (Html)$" selected" : Html.Empty)}>{titleOf(v)}</option>"""));

    private static Html Answer(SubjectFile file, Moment moment, Question question)
    {
        var answer = ConsentDecision.Decide(new DecisionRequest(file.Subject, question.Purpose!, question.Channel, question.Recipient), file.PersonAt(moment), file.BookAt(moment), moment.Latest ?? file.Timeline.Until);
        return $"""
            <div class="answer {(answer.Allowed ? "allowed" : "denied")}" id="answer" tabindex="-1">
            <p class="verdict">{(answer.Allowed ? Positive("Allowed") : Negative("Not allowed"))}</p>
            <p>{Wording.Reason(answer.Code)}</p>
            <dl><dt>Code</dt><dd><code>{answer.Code}</code></dd>{(answer.Basis is { } basis ? (Html)$"<dt>Lawful basis</dt><dd>{Wording.Basis(basis)}</dd>" : Html.Empty)}{RestsOn(file, answer.Position)}<dt>Policy</dt><dd>{answer.PolicyVersion ?? "none"}</dd></dl>
            </div>
            """;
    }

    private static Html RestsOn(SubjectFile file, long? at)
    {
        if (at is not { } position) return Html.Empty;
        var on = file.Events.FirstOrDefault(e => e.Place.Position == position);
        return $"<dt>Rests on</dt><dd>{(on is null ? (Html)$"what was said under another of the person's ids" : EventList.Link(file, on.Place))}, position {position}</dd>";
    }

    private static Html Positive(string word) => $"""<span class="word yes"><svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true"><path d="M2 7.5l3.5 3.5L12 3.5"/></svg>{word}</span>""";

    private static Html Negative(string word) => $"""<span class="word no"><svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true"><path d="M3 3l8 8m0-8l-8 8"/></svg>{word}</span>""";
}
