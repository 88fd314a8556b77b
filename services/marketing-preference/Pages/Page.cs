using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;
using Microsoft.AspNetCore.Http.Features;

namespace ConsentLedger.MarketingPreference.Pages;

/// <summary>
/// What a person sees of this service. Written here in full: no script, nothing loaded from anywhere, no cookie, and it works wherever forms do.
/// </summary>
/// <param name="Pack">Whose page it is; null where nobody can be named.</param>
internal sealed record Page(Wording Words, PolicyPack? Pack, string Title, Html Main, int Status = StatusCodes.Status200OK) : IResult
{
    /// <summary>Between the controller's name and the content.</summary>
    public Html Navigation { get; init; } = Html.Empty;

    /// <summary>The same page in other languages.</summary>
    public Html Languages { get; init; } = Html.Empty;

    public int? RetryAfterSeconds { get; init; }

    /// <summary>The problem that it tells of, for metrics.</summary>
    public string? Code { get; init; }

    public static Page Of(Problem problem, Wording words, PolicyPack? pack = null)
    {
        var title = words.Of($"problem.{problem.Code}", "problem.other");
        return new(words, pack, title, $"<h1>{title}</h1><p>{words.Of($"problem.{problem.Code}.more", "problem.other.more")}</p>", problem.Status) { RetryAfterSeconds = problem.RetryAfterSeconds, Code = problem.Code };
    }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        (response.StatusCode, response.ContentType) = (Status, "text/html; charset=utf-8");
        response.Headers.ContentSecurityPolicy = PageStyle.Policy;
        response.Headers.ContentLanguage = Words.Tag;
        response.Headers["X-Robots-Tag"] = "noindex";
        if (RetryAfterSeconds is { } seconds) response.Headers.RetryAfter = $"{seconds}";
        if (Code is not null) httpContext.Features.Get<IHttpMetricsTagsFeature>()?.Tags.Add(new("consentledger.problem", Code));
        Html page = $"""
            <!doctype html>
            <html lang="{Words.Tag}" dir="{Words.Direction}">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="robots" content="noindex">
            <title>{Title}{(Pack is null ? "" : $" · {Pack.Controller.Name}")}</title>
            <style>{PageStyle.Css}</style>
            </head>
            <body>
            <a class="skip" href="#main">{Words["skip"]}</a>
            {(Pack is null ? Html.Empty : (Html)$"""<header class="wrap"><div class="top"><b>{Pack.Controller.Name}</b>{Languages}</div>{Navigation}</header>""")}
            <main id="main" class="wrap" tabindex="-1">
            {Main}
            </main>
            {Footer()}
            </body>
            </html>

            """;
        return response.WriteAsync(page.ToString(), httpContext.RequestAborted);
    }

    private Html Footer()
    {
        if (Pack?.Controller is not { } controller) return Html.Empty;
        var mail = controller.ProtectionOfficerEmail ?? controller.ContactEmail;
        return $"""
            <footer><div class="wrap"><p>{Words.Say("footer", ("controller", controller.Name))}{(controller.Address is null ? "" : $" {controller.Address}.")}
            {(mail is null ? Html.Empty : (Html)$"""<a href="mailto:{mail}">{mail}</a>""")}
            {(SafeUrl(controller.ContactUrl) is { } url ? (Html)$"""<a href="{url}" rel="noreferrer">{url}</a>""" : Html.Empty)}</p></div></footer>
            """;
    }

    /// <summary>Packs are written by controllers; a link in one leads to the web and nowhere else.</summary>
    internal static string? SafeUrl(string? url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http" ? url : null;
}

/// <summary>What a pack calls things, in the reader's language.</summary>
internal static class PackWords
{
    public static string TitleOf(this PolicyPack? pack, string topic, Wording words) => pack?.FindTopic(topic)?.Title.In(words) ?? topic;

    public static string PurposeOf(this PolicyPack? pack, string purpose, Wording words) => pack?.FindPurpose(purpose)?.Title.In(words) ?? purpose;

    /// <summary>Such as “by e-mail”.</summary>
    public static string By(this Wording words, string? channel) => channel is null ? "" : words.Of($"by.{channel}", "by.other");

    public static string Named(this Wording words, PolicyPack? pack, Lane lane) => words.Say("lane", ("topic", pack.TitleOf(lane.Topic, words)), ("by", words.By(lane.Channel)));

    /// <summary>A request for consent as it is shown: in the reader's language, or in English.</summary>
    public static ConsentText? TextIn(this Purpose purpose, Wording words)
    {
        var locale = LocaleOf(purpose.ConsentTexts.Select(t => t.Locale), words);
        return purpose.ConsentTexts.LastOrDefault(t => t.Locale == locale);
    }

    /// <summary>In the reader's language, or in English.</summary>
    public static string In(this IReadOnlyDictionary<string, string> texts, Wording words) => texts[LocaleOf(texts.Keys, words)];

    /// <summary>The same for a page, on which English says so where it stands in for the reader's language.</summary>
    public static Html Text(this Wording words, IReadOnlyDictionary<string, string> texts) => words.Says(texts) ? $"{texts.In(words)}" : words.English(texts.In(words));

    public static bool Says(this Wording words, IReadOnlyDictionary<string, string> texts) => words.Speaks(LocaleOf(texts.Keys, words));

    /// <summary>A pack may be written for a region, as in <c>sv-SE</c>: all who read the language read that.</summary>
    private static string LocaleOf(IEnumerable<string> locales, Wording words) =>
        locales.Where(words.Speaks).OrderBy(locale => locale != words.Tag).ThenBy(locale => locale, StringComparer.Ordinal).FirstOrDefault(Localised.Fallback);

    /// <summary>Says that a text is English on a page that is not.</summary>
    public static Html English(this Wording words, string text) => words.Tag == Localised.Fallback ? $"{text}" : (Html)$"""<span lang="en" dir="ltr">{text}</span>""";
}
