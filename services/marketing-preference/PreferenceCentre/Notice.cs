using System.Globalization;
using System.Text.RegularExpressions;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Pages;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>
/// What a page says about what was just done, and the button that takes it back. It is in the address of the page as versions of the person's own stream or as one of a few words, so
/// that nothing has to be kept in between, and nobody can make the page say what is not so.
/// </summary>
internal static partial class Notice
{
    public const string Refused = "?said=refused";
    public const string Away = "?said=away";
    public const string Reworded = "?said=reworded";
    public const string Undone = "?said=undone";
    public const string Unknown = "?said=unknown";
    public const string Confirm = "?said=confirm";
    public const string Late = "?said=late";

    /// <summary>What an act may have done in the consent service besides what its versions say.</summary>
    private static readonly string[] Besides = ["objected", "retracted"];

    private static readonly string[] Words = ["refused", "away", "reworded", "undone", "late", "objected", "withdrawn", "granted", "reason", "unsure", "unknown", "nothing", "confirm"];

    /// <param name="told">Whether consent has heard; what it has not, it hears over the bus.</param>
    /// <param name="repeat">It does not hear of this by itself: the person has to say it again.</param>
    /// <param name="retracted">An objection to marketing was taken back for it, and comes back with the undoing.</param>
    public static string Of((long From, long To)? did, bool told, bool objected = false, bool repeat = false, bool retracted = false)
    {
        var pending = told ? "" : repeat ? "pending=again" : "pending=1";
        return did is var (from, to)
            ? string.Create(CultureInfo.InvariantCulture, $"?did={from}-{to}{(told ? "" : $"&{pending}")}{(objected ? "&objected=1" : "")}{(retracted ? "&retracted=1" : "")}")
            : objected ? $"?said=objected{(told ? "" : $"&{pending}")}" : told ? "" : $"?{pending}";
    }

    public static (long From, long To)? VersionsIn(string? did) => Versions().Match(did ?? "") is { Success: true } match
        ? (long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), long.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture))
        : null;

    /// <summary>Above the page's own content; read out to those who do not see it.</summary>
    public static Html On(Visit visit, IQueryCollection query)
    {
        var (words, said) = (visit.Words, query["said"].ToString());
        Html pending = query["pending"].ToString() switch { "1" => Warning(words["notice.pending"]), "again" => Warning(words["notice.again"]), _ => Html.Empty };
        if (Words.Contains(said)) return $"""<div class="notice{(said is "undone" or "objected" or "withdrawn" or "granted" or "confirm" ? "" : " warn")}" role="status"><p>{words.Say($"notice.{said}", ("controller", visit.Controller))}</p></div>{pending}""";
        if (VersionsIn(query["did"]) is not var (from, to)) return pending;

        var done = visit.Events.Where(e => e.Place.Version >= from && e.Place.Version <= to).Select(MarketingCatalog.Events.Decode)
            .Select(facts => facts switch { Subscribed s => (new Lane(s.Topic, s.Channel), true), Unsubscribed u => (new Lane(u.Topic, u.Channel), false), _ => ((Lane, bool)?)null }).OfType<(Lane Lane, bool On)>().ToList();
        if (done.Count == 0) return pending;
        var sentence = done is [var only]
            ? words.Say(only.On ? "notice.joined" : "notice.left", ("lane", words.Named(visit.Pack, only.Lane)))
            : words.Say("notice.stopped", ("controller", visit.Controller));
        return $"""<div class="notice" role="status"><p><strong>{sentence}</strong></p>{UndoForm(visit, from, to, Besides.Where(besides => query[besides] == "1"))}</div>{pending}""";
    }

    public static Html Warning(string sentence) => $"""<div class="notice warn" role="status"><p>{sentence}</p></div>""";

    private static Html UndoForm(Visit visit, long from, long to, IEnumerable<string> besides)
    {
        var undone = UndoChanges.FindAct(visit.Events, from, to, visit.Pack, visit.Now);
        if (undone.Count == 0) return Html.Empty;
        return $"""
            <form method="post" action="{visit.Path("/undo")}">{visit.Proof()}<input type="hidden" name="did" value="{from}-{to}">{besides.Select(name => (Html)$"""<input type="hidden" name="{name}" value="1">""")}
            <button>{visit.Words["undo"]}</button>{TextsOf([.. undone.SelectMany(u => u.Agreed), .. UndoChanges.FindOthers(visit.Events, from, visit.Pack)], visit.Words)}</form>
            """;
    }

    /// <summary>What taking back agrees to, for the eye and for the form.</summary>
    public static Html TextsOf(IEnumerable<Agreement> agreed, Wording words)
    {
        var texts = UndoChanges.TextsIn(agreed, words);
        return texts.Count == 0 ? Html.Empty : $"""<input type="hidden" name="texts" value="{UndoChanges.NameOf(texts)}"><details><summary>{words["undo.agrees"]}</summary>{texts.Select(Quote)}</details>""";
    }

    public static Html Quote(ConsentText text) => $"""<blockquote lang="{text.Locale}" dir="auto">{text.Text}</blockquote>""";

    [GeneratedRegex(@"^([0-9]{1,18})-([0-9]{1,18})\z")]
    private static partial Regex Versions();
}
