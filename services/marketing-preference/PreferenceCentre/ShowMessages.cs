using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Pages;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Sending;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>The first page, and for most people the only one: every topic by channel, what the gate would say and why, and the button that changes it.</summary>
internal static class ShowMessages
{
    public static void Map(IEndpointRouteBuilder pages) => Door.MapGet(pages, "", async (visit, context, ct) =>
        visit.State.IsErased ? Erased(visit) : Show(visit, await context.RequestServices.GetRequiredService<Answers>().OfTopicsAsync(visit, ct), context.Request.Query));

    internal static Page Erased(Visit visit) =>
        new(visit.Words, visit.Pack, visit.Words["erased.title"], $"""<h1>{visit.Words["erased.title"]}</h1><p>{visit.Words.Say("erased.more", ("controller", visit.Controller))}</p>""");

    private static Page Show(Visit visit, IReadOnlyDictionary<Lane, Verdict> verdicts, IQueryCollection query)
    {
        var words = visit.Words;
        var title = words.Say("messages.title", ("controller", visit.Controller));
        var chosen = visit.Pack.Topics.Where(t => t.MessageClass != MessageClass.Transactional).ToList();
        var owed = visit.Pack.Topics.Except(chosen).ToList();
        Html away = verdicts.Values.Any(v => v.Rule == "consent_unavailable") ? $"""<div class="notice warn" role="status"><p>{words["notice.unsure"]}</p></div>""" : Html.Empty;
        return visit.PageOf("", title, $"""
            {Notice.On(visit, query)}{away}
            <h1>{title}</h1>
            <p>{words["messages.lead"]}</p>
            <section aria-labelledby="topics">
            <h2 id="topics" class="hidden">{words["messages.topics"]}</h2>
            {chosen.Select(topic => TopicCard(visit, topic, verdicts))}
            </section>
            <section aria-labelledby="stop">
            <h2 id="stop">{words["stop.title"]}</h2>
            <p>{words.Say("stop.more", ("controller", visit.Controller))}</p>
            <form method="post" action="{visit.Path("/stop")}">{visit.Proof()}<button class="stop">{words["stop.button"]}</button></form>
            </section>
            {(owed.Count == 0 ? Html.Empty : (Html)$"""
            <section aria-labelledby="owed">
            <h2 id="owed">{words["owed.title"]}</h2>
            <p>{words["owed.more"]}</p>
            <ul>{owed.Select(topic => (Html)$"""<li class="card"><h3>{words.Text(topic.Title)}</h3><p class="soft">{(topic.Description is { } description ? words.Text(description) : Html.Empty)}</p></li>""")}</ul>
            </section>
            """)}
            """);
    }

    private static Html TopicCard(Visit visit, Topic topic, IReadOnlyDictionary<Lane, Verdict> verdicts)
    {
        var (words, purpose) = (visit.Words, visit.Pack.FindPurpose(topic.Purpose)!);
        var lanes = topic.Channels.Select(channel => (Lane: new Lane(topic.Id, channel), Verdict: verdicts[new Lane(topic.Id, channel)])).ToList();
        var text = purpose.RestsOn(LawfulBasis.Consent) && lanes.Any(l => !IsOn(visit, l.Lane, l.Verdict)) ? purpose.TextIn(words) : null;
        return $"""
            <article class="card" id="{topic.Id}" aria-labelledby="{topic.Id}-title">
            <h3 id="{topic.Id}-title">{words.Text(topic.Title)}</h3>
            {(topic.Description is { } description ? (Html)$"<p>{words.Text(description)}</p>" : Html.Empty)}
            {lanes.Select(l => Row(visit, topic, purpose, l.Lane, l.Verdict))}
            {(text is null ? Html.Empty : (Html)$"""<p class="soft" id="{topic.Id}-agrees">{words["join.agrees"]}</p>{Notice.Quote(text)}""")}
            </article>
            """;
    }

    private static Html Row(Visit visit, Topic topic, Purpose purpose, Lane lane, Verdict verdict)
    {
        var (words, on) = (visit.Words, IsOn(visit, lane, verdict));
        var text = purpose.RestsOn(LawfulBasis.Consent) && !on ? purpose.TextIn(words) : null;
        Html agreed = text is null ? Html.Empty : $"""<input type="hidden" name="text" value="{text.Id}"><input type="hidden" name="hash" value="{text.Hash()}">""";
        return $"""
            <div class="row">
            <div><p><span class="state {(on ? "yes" : "no")}">{words.Of($"channel.{lane.Channel}", "channel.other")}: {words[on ? "on" : "off"]}</span></p><p class="soft">{Why(visit, purpose, lane, verdict)}</p></div>
            <form method="post" action="{visit.Path("/choices")}">{visit.Proof()}<input type="hidden" name="topic" value="{topic.Id}"><input type="hidden" name="channel" value="{lane.Channel}"><input type="hidden" name="want" value="{(on ? "off" : "on")}">{agreed}
            <button aria-label="{words.Say(on ? "leave.label" : "join.label", ("lane", words.Named(visit.Pack, lane)))}"{(text is null ? Html.Empty : (Html)$""" aria-describedby="{topic.Id}-agrees" """)}>{words[on ? "leave" : "join"]}</button></form>
            </div>
            """;
    }

    // While consent is away nothing goes out that rests on one; the way out stays open all the same.
    private static bool IsOn(Visit visit, Lane lane, Verdict verdict) => verdict.Allowed || (verdict.Rule == "consent_unavailable" && visit.State.Lanes.GetValueOrDefault(lane) is not { IsOpen: false });

    /// <summary>Why it is so: the rule that decided, in plain words.</summary>
    private static string Why(Visit visit, Purpose purpose, Lane lane, Verdict verdict)
    {
        var (words, lanes) = (visit.Words, visit.Person.Select(p => p.Lanes.GetValueOrDefault(lane)).ToList());
        var since = lanes.Find(l => l is not null && l.Place.Position == verdict.Position) ?? lanes[0];
        var rule = verdict.Rule switch
        {
            "unsubscribed" when words.Keys.Contains($"why.unsubscribed.{since?.Cause}") => $"unsubscribed.{since!.Cause}",
            "not_unsubscribed" => $"basis.{visit.Pack.BasisOf(visit.Pack.FindTopic(lane.Topic)!)}",
            var other => other,
        };
        return Wording.Fill(words.Of($"why.{rule}", "why.other"), ("controller", visit.Controller), ("interest", purpose.Bases.Select(b => b.Interest).FirstOrDefault(i => i is not null) ?? ""),
            ("date", since is null ? "" : words.Day(since.Place.RecordedAt)));
    }
}
