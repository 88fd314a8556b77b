using ConsentLedger.MarketingPreference.Pages;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.PreferenceCentre;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Unsubscribing;

/// <summary>What a person sees behind the link in a mail: nothing about themselves, and the way on to the pages that show and change what they get. Whoever holds the mail holds both (docs/adr/0025).</summary>
internal sealed class UnsubscribePage(UnsubscribeLinks links, PreferenceLinks preferences, TimeProvider clock)
{
    /// <summary>How long the way on to all choices stands open. Opening the mail's link again opens it again.</summary>
    private static readonly TimeSpan WayOn = TimeSpan.FromHours(1);

    public IResult Asking(UnsubscribeLink link, PolicyBook policies, HttpRequest request) => Of(link, policies, request, (words, named, controller) => (words.Say("unsubscribe.title", ("lane", named)), $"""
        <p>{words.Say("unsubscribe.more", ("controller", controller), ("lane", named))}</p>
        <form method="post"><button name="confirm" value="unsubscribe" class="main">{words["unsubscribe.button"]}</button></form>
        <p class="soft">{words["unsubscribe.owed"]}</p>
        {ToAllChoices(link, words)}
        """));

    /// <param name="closed">The versions that say so, where it was this very click that closed the topic: whoever else has the mail takes nothing back.</param>
    public IResult Done(UnsubscribeLink link, string token, (long From, long To)? closed, IReadOnlyList<StoredEvent> events, PolicyBook policies, HttpRequest request) => Of(link, policies, request, (words, named, controller) => (words["unsubscribed.title"], $"""
        <p>{words.Say("unsubscribed.more", ("controller", controller), ("lane", named))}</p>
        {(closed is { } clicks ? UndoForm(link, token, clicks, events, policies, words) : Html.Empty)}
        {ToAllChoices(link, words)}
        """));

    public IResult Undone(UnsubscribeLink link, PolicyBook policies, HttpRequest request, string said) => Of(link, policies, request, (words, named, controller) => (words[$"{said}.title"], $"""
        <p>{words.Say($"{said}.more", ("controller", controller), ("lane", named))}</p>
        {ToAllChoices(link, words)}
        """));

    private Html UndoForm(UnsubscribeLink link, string token, (long From, long To) clicks, IReadOnlyList<StoredEvent> events, PolicyBook policies, Wording words)
    {
        if (policies.Current is not { } pack || UndoUnsubscribe.Find(events, new Lane(link.Topic, link.Channel), clicks, pack) is not { Count: > 0 } undone) return Html.Empty;
        return $"""
            <form method="post" action="{links.PathOf(token, "/undo")}"><input type="hidden" name="did" value="{clicks.To}"><input type="hidden" name="proof" value="{links.Signer.ProofOf(token, $"{clicks.To}")}">
            <p>{words["unsubscribed.undo"]}</p><button>{words["undo"]}</button>{Notice.TextsOf(undone.SelectMany(u => u.Agreed), words)}</form>
            """;
    }

    private Html ToAllChoices(UnsubscribeLink link, Wording words) => $"""
        <p><a href="{preferences.AddressOf(new PreferenceLink(link.Tenant, link.Subject, LinkScope.Page, Lang: null, clock.GetUtcNow() + WayOn)).AbsolutePath}">{words["unsubscribe.all-choices"]}</a></p>
        """;

    private static IResult Of(UnsubscribeLink link, PolicyBook policies, HttpRequest request, Func<Wording, string, string, (string Title, Html More)> say)
    {
        var words = Wording.Choose(policies.Current, null, request);
        if (policies.LastDeclaring(link.Topic, link.Channel) is not { } pack) return ShowUnsubscribe.LinkInvalid.To(request, words);
        var (title, more) = say(words, words.Named(pack, new Lane(link.Topic, link.Channel)), pack.Controller.Name);
        return new Page(words, pack, title, $"<h1>{title}</h1>{more}");
    }
}
