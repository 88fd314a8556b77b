using ConsentLedger.MarketingPreference.Pages;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>
/// What the person chose so far, newest first and in plain words. It is told from what is recorded here, which follows the consent service: so looking at it leaves no trace, and it is
/// there while consent is away.
/// </summary>
internal static class ShowHistory
{
    public const string Part = "/history";
    private const int Most = 100;

    public static void Map(IEndpointRouteBuilder pages) => Door.MapGet(pages, Part, (visit, _, _) => Task.FromResult<IResult>(visit.State.IsErased ? ShowMessages.Erased(visit) : Show(visit)));

    private static Page Show(Visit visit)
    {
        var words = visit.Words;
        var told = Told(visit).Reverse().ToList();
        return visit.PageOf(Part, words["history.title"], $"""
            <h1>{words["history.title"]}</h1>
            <p>{words["history.lead"]}</p>
            {(told.Count == 0 ? (Html)$"""<p class="card">{words["history.none"]}</p>""" : (Html)$"""<ol class="past">{told.Take(Most).Select(Item)}</ol>""")}
            {(told.Count > Most ? (Html)$"""<p>{words.Say("history.more", ("count", $"{Most}"))}</p>""" : Html.Empty)}
            """);

        Html Item((DateTimeOffset At, string Words) line) => $"""<li><span>{line.Words}</span><time class="soft" datetime="{line.At.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}">{words.Moment(line.At)}</time></li>""";
    }

    /// <summary>Each choice once: what follows here from what was done here is the same choice.</summary>
    private static IEnumerable<(DateTimeOffset At, string Words)> Told(Visit visit)
    {
        var (words, pack) = (visit.Words, visit.Pack);
        var acts = new HashSet<(Lane, DateTimeOffset, bool)>();
        foreach (var e in visit.Events)
        {
            switch (MarketingCatalog.Events.Decode(e))
            {
                case Subscribed s when acts.Add((new Lane(s.Topic, s.Channel), s.OccurredAt, true)):
                    yield return (s.OccurredAt, Sentence("on", s.Cause, s.Actor, new Lane(s.Topic, s.Channel)));
                    break;
                case Unsubscribed u when acts.Add((new Lane(u.Topic, u.Channel), u.OccurredAt, false)):
                    yield return (u.OccurredAt, Sentence("off", u.Cause, u.Actor, new Lane(u.Topic, u.Channel)));
                    break;
                case ConsentFollowed { Change: { } change } when !pack.TopicsFor(change.Purpose).Any():
                    yield return (e.Place.RecordedAt, words.Say(change.Given ? "history.given" : "history.withdrawn", ("purpose", pack.PurposeOf(change.Purpose, words)), ("by", words.By(change.Channel))));
                    break;
                default:
                    break;
            }
        }

        string Sentence(string way, Cause cause, Actor actor, Lane lane) =>
            Wording.Fill(words.Of(actor == Actor.Agent ? $"history.{way}.Agent" : $"history.{way}.{cause}", $"history.{way}"), ("lane", words.Named(pack, lane)), ("controller", visit.Controller));
    }
}
