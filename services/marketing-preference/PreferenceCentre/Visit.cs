using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Pages;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>Somebody at their page: who, how far their link goes, in which language, and everything that is recorded here about them.</summary>
/// <param name="Person">The subject of the link, and after it the others who are the same person: what they left there is not sent here either. Nothing else of it is shown.</param>
/// <param name="Events">The whole stream, in order.</param>
internal sealed record Visit(
    PreferenceLink Link, string Token, PreferenceLinks Links, Wording Words, PolicyBook Policies, PolicyPack Pack, IReadOnlyList<SubjectPreferences> Person, IReadOnlyList<StoredEvent> Events, DateTimeOffset Now)
{
    public SubjectPreferences State => Person[0];

    public bool MayTakeOut => Link.Scope == LinkScope.Session;

    public long Version => Events is [.., var last] ? last.Place.Version : 0;

    public string Controller => Pack.Controller.Name;

    public string Path(string part = "") => Links.PathOf(Token, part);

    /// <summary>Back to one of the pages after something was done.</summary>
    public IResult SeeOther(string part, string query = "") => new SeeOther(Path(part) + query);

    /// <summary>What every form here carries.</summary>
    public Html Proof() => $"""<input type="hidden" name="proof" value="{Links.Signer.ProofOf(Token)}">""";

    /// <summary>One of the pages, with the way to the others.</summary>
    public Page PageOf(string part, string title, Html main) => new(Words, Pack, title, main)
    {
        Navigation = $"""<nav class="nav" aria-label="{Words["nav"]}">{Tab("", "messages")}{Tab("/uses", "uses")}{Tab("/history", "history")}{Tab("/data", "data")}</nav>""",
        Languages = Wording.For(Pack) is { Count: > 1 } all ? (Html)$"""<nav class="langs" aria-label="{Words["languages"]}">{all.Select(Language)}</nav>""" : Html.Empty,
    };

    private Html Tab(string part, string name) =>
        part == Part ? (Html)$"""<a href="{Path(part)}" aria-current="page">{Words[$"nav.{name}"]}</a>""" : $"""<a href="{Path(part)}">{Words[$"nav.{name}"]}</a>""";

    /// <summary>Which of the pages this is.</summary>
    public string Part { get; init; } = "";

    private Html Language(Wording other)
    {
        var path = Links.PathOf(Links.TokenOf(Link with { Lang = other.Tag }), Part);
        return other == Words ? (Html)$"""<a href="{path}" lang="{other.Tag}" hreflang="{other.Tag}" aria-current="true">{other["language"]}</a>""" : $"""<a href="{path}" lang="{other.Tag}" hreflang="{other.Tag}">{other["language"]}</a>""";
    }
}
