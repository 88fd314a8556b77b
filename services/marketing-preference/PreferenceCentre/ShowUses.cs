using System.Text.Json;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Pages;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>What data is used for, on what ground, by whom, and the way out of each: GDPR art. 13 and 14, from the pack.</summary>
internal static class ShowUses
{
    public const string Part = "/uses";

    public static void Map(IEndpointRouteBuilder pages) => Door.MapGet(pages, Part, async (visit, context, ct) =>
    {
        if (visit.State.IsErased) return ShowMessages.Erased(visit);
        var lanes = visit.Pack.Purposes.Where(IsChosen).SelectMany(PurposeLane.Of).Concat(visit.Pack.Purposes.Where(MayBeObjectedTo).SelectMany(PurposeLane.Of)).Distinct().ToList();
        var answers = context.RequestServices.GetRequiredService<Answers>();
        var (said, objected) = (answers.OfPurposesAsync(visit, lanes, ct), answers.ObjectedAsync(visit, ct));
        return Show(visit, await said, await objected, context.Request.Query);
    });

    public static bool IsChosen(Purpose purpose) => purpose.RestsOn(LawfulBasis.Consent);

    public static bool MayBeObjectedTo(Purpose purpose) => !purpose.Marketing && purpose.Bases.Any(ObjectionAct.TakesAway);

    /// <summary>What it rests on besides goes on against an objection (GDPR art. 21(1)).</summary>
    private static bool GoesOn(Purpose purpose) => !purpose.Bases.All(ObjectionAct.TakesAway);

    private static Page Show(Visit visit, IReadOnlyDictionary<PurposeLane, ConsentDecision>? said, IReadOnlyList<string>? objected, IQueryCollection query)
    {
        var (words, pack) = (visit.Words, visit.Pack);
        var title = words.Say("uses.title", ("controller", visit.Controller));
        Html away = said is null || objected is null ? $"""<div class="notice warn" role="status"><p>{words["notice.unsure"]}</p></div>""" : Html.Empty;
        return visit.PageOf(Part, title, $"""
            {Notice.On(visit, query)}{away}
            <h1>{title}</h1>
            <p>{words["uses.lead"]}</p>
            {Section("chosen", pack.Purposes.Where(IsChosen))}
            {Section("other", pack.Purposes.Where(p => !IsChosen(p)))}
            {Objections(visit)}
            {Processors(visit)}
            """);

        Html Section(string name, IEnumerable<Purpose> purposes) => purposes.ToList() is not { Count: > 0 } all ? Html.Empty : $"""
            <section aria-labelledby="{name}">
            <h2 id="{name}">{words[$"uses.{name}"]}</h2>
            {all.Select(purpose => PurposeCard(visit, purpose, said, objected ?? []))}
            </section>
            """;
    }

    private static Html PurposeCard(Visit visit, Purpose purpose, IReadOnlyDictionary<PurposeLane, ConsentDecision>? said, IReadOnlyList<string> objected)
    {
        var (words, pack) = (visit.Words, visit.Pack);
        var recipients = purpose.Recipients.Select(r => pack.FindRecipient(r)!.Name).ToList();
        var processors = pack.ProcessorsFor(purpose.Id).ToList();
        return $"""
            <article class="card" id="{purpose.Id}" aria-labelledby="{purpose.Id}-title">
            <h3 id="{purpose.Id}-title">{words.Text(purpose.Title)}</h3>
            {(purpose.Description is { } description ? (Html)$"<p>{words.Text(description)}</p>" : Html.Empty)}
            <p class="soft">{string.Join(" ", purpose.Bases.Select(b => words.Of($"basis.{JsonNamingPolicy.KebabCaseLower.ConvertName($"{b.Basis}")}", "basis.other")).DefaultIfEmpty(words["basis.instruction"]))}</p>
            {Objected(visit, purpose, said, objected)}
            {State(visit, purpose, said)}
            <details><summary>{words["uses.details"]}<span class="hidden">: {words.Text(purpose.Title)}</span></summary><dl>
            {Line("uses.interest", purpose.Bases.Select(b => b.Interest).OfType<string>())}
            {Line("uses.data", purpose.Data.Select(id => pack.DataCategories.First(d => d.Id == id).Name))}
            {Line("uses.recipients", recipients)}
            {(processors.Count == 0 ? Html.Empty : (Html)$"""<dt>{words["uses.processors"]}</dt><dd><ul>{processors.Select(p => (Html)$"""<li><a href="#processor-{p.Id}">{words.English(p.Name)}</a></li>""")}</ul></dd>""")}
            <dt>{words["uses.kept"]}</dt><dd>{words.Of($"kept.{JsonNamingPolicy.KebabCaseLower.ConvertName($"{purpose.Retention.Until}")}", "kept.other")}{(purpose.Retention.FurtherMonths is { } months ? $" {words.Counted("kept.months", "months", months)}" : "")}</dd>
            </dl></details>
            </article>
            """;

        Html Line(string key, IEnumerable<string> values) => values.ToList() is not { Count: > 0 } all ? Html.Empty
            : $"""<dt>{words[key]}</dt><dd>{words.English(string.Join(", ", all))}</dd>""";
    }

    private static Html Objected(Visit visit, Purpose purpose, IReadOnlyDictionary<PurposeLane, ConsentDecision>? said, IReadOnlyList<string> objected)
    {
        // A decision knows of the other ids of the person, too.
        if (!MayBeObjectedTo(purpose) || !(objected.Contains(purpose.Id) || PurposeLane.Of(purpose).Any(lane => said?.GetValueOrDefault(lane)?.Code is "subject_objected" or "objection_pending"))) return Html.Empty;
        return $"""<p><span class="state no">{visit.Words["uses.objected"]}</span></p>{(GoesOn(purpose) ? (Html)$"""<p class="soft">{visit.Words["uses.objected.partly"]}</p>""" : Html.Empty)}""";
    }

    /// <summary>How a purpose that rests on consent stands, and the button for it. Those with topics have theirs on the first page.</summary>
    private static Html State(Visit visit, Purpose purpose, IReadOnlyDictionary<PurposeLane, ConsentDecision>? said)
    {
        var words = visit.Words;
        if (!IsChosen(purpose)) return Html.Empty;
        if (visit.Pack.TopicsFor(purpose.Id).Any()) return $"""<p><a href="{visit.Path()}#{visit.Pack.TopicsFor(purpose.Id).First().Id}">{words["uses.by-topic"]}</a></p>""";

        // An authorisation is given scope by scope, where the other account is connected.
        if (visit.Pack.Authorisations.Any(a => a.Purpose == purpose.Id)) return Html.Empty;
        var given = said is not null && PurposeLane.Of(purpose).Any(lane => said[lane] is { Allowed: true });
        var passes = given && !PurposeLane.Of(purpose).Any(lane => said![lane].Code == "consent_given");
        var waits = said is not null && !given && PurposeLane.Of(purpose).Any(lane => said[lane].Code == "consent_pending");
        var text = given ? null : purpose.TextIn(words);
        return $"""
            <div class="row"><div><p><span class="state {(given ? "yes" : "no")}">{words[said is null ? "unknown" : passes ? "until-no" : given ? "agreed" : "not-agreed"]}</span></p>{(waits ? (Html)$"""<p class="soft">{words["why.consent_pending"]}</p>""" : Html.Empty)}</div>
            <div class="acts">{(given || said is null ? Form("off", "withdraw", Html.Empty) : Html.Empty)}{(given || said is null ? Html.Empty : Form("on", "agree", text is null ? Html.Empty : (Html)$"""<input type="hidden" name="text" value="{text.Id}"><input type="hidden" name="hash" value="{text.Hash()}">"""))}</div></div>
            {(text is null ? Html.Empty : Notice.Quote(text))}
            """;

        Html Form(string want, string key, Html more) => $"""
            <form method="post" action="{visit.Path("/consents")}">{visit.Proof()}<input type="hidden" name="purpose" value="{purpose.Id}"><input type="hidden" name="want" value="{want}">{more}<button aria-label="{words.Say($"{key}.label", ("purpose", purpose.Title.In(words)))}">{words[key]}</button></form>
            """;
    }

    private static Html Objections(Visit visit)
    {
        var words = visit.Words;
        var other = visit.Pack.Purposes.Where(MayBeObjectedTo).ToList();
        var partly = other.Where(GoesOn).ToList();
        return $"""
            <section aria-labelledby="objecting">
            <h2 id="objecting">{words["object.title"]}</h2>
            <p>{words["object.marketing"]}</p>
            <form method="post" action="{visit.Path("/objections")}">{visit.Proof()}<input type="hidden" name="to" value="marketing"><button>{words["object.marketing.button"]}</button></form>
            {(other.Count == 0 ? Html.Empty : (Html)$"""
            <form method="post" action="{visit.Path("/objections")}" class="card">{visit.Proof()}<input type="hidden" name="to" value="purpose">
            <p>{words["object.other"]}</p>
            {(partly.Count == 0 ? Html.Empty : (Html)$"""<div id="partly"><p>{words["object.partly"]}</p><ul class="soft">{partly.Select(p => (Html)$"<li>{words.Text(p.Title)}</li>")}</ul></div>""")}
            <label for="purpose">{words["object.purpose"]}</label>
            <select id="purpose" name="purpose">{other.Select(p => (Html)$"""<option value="{p.Id}" lang="{(words.Says(p.Title) ? words.Tag : Localised.Fallback)}">{p.Title.In(words)}</option>""")}</select>
            <label for="reason">{words["object.reason"]}</label>
            <textarea id="reason" name="reason" rows="4" maxlength="{ObjectToUse.MaxReasonLength}" required></textarea>
            <div class="acts"><button>{words["object.button"]}</button></div></form>
            """)}
            </section>
            """;
    }

    /// <summary>Who handles data for the controller (GDPR art. 28), where, and the way out that they have themselves.</summary>
    private static Html Processors(Visit visit)
    {
        var (words, pack) = (visit.Words, visit.Pack);
        return pack.Processors.Count == 0 ? Html.Empty : $"""
            <section aria-labelledby="processors">
            <h2 id="processors">{words["processors.title"]}</h2>
            <p>{words.Say("processors.more", ("controller", visit.Controller))}</p>
            <ul>{pack.Processors.Select(Item)}</ul>
            </section>
            """;

        Html Item(Processor processor) => $"""
            <li class="card" id="processor-{processor.Id}"><h3>{words.English(processor.Name)}</h3>
            <p class="soft">{string.Join(", ", processor.Purposes.Select(p => pack.PurposeOf(p, words)))}{(processor.Places.Count == 0 ? "" : $" · {string.Join(", ", processor.Places)}")}</p>
            <p class="soft">{words["uses.data"]}: {words.English(string.Join(", ", processor.Data.Select(id => pack.DataCategories.First(d => d.Id == id).Name)))}</p>
            {(Linked(processor) is { Count: > 0 } links ? (Html)$"""<p>{links}</p>""" : processor.OffersWithdrawal ? (Html)$"""<p>{words["processors.own-way"]}</p>""" : Html.Empty)}</li>
            """;

        IReadOnlyList<Html> Linked(Processor processor) =>
        [
            .. Page.SafeUrl(processor.PolicyUrl) is { } policy ? (Html[])[$"""<a href="{policy}" rel="noreferrer">{words["processors.policy"]}<span class="hidden">: {processor.Name}</span></a> """] : [],
            .. Page.SafeUrl(processor.WithdrawalUrl) is { } way ? (Html[])[$"""<a href="{way}" rel="noreferrer">{words["processors.leave"]}<span class="hidden">: {processor.Name}</span></a>"""] : [],
        ];
    }
}
