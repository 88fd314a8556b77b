using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ConsentLedger.ServiceDefaults;

/// <summary>
/// Signing in to pages: somebody pastes a bearer token, and the browser keeps it in a cookie that no script reads and no other site sends. Nothing is kept here: the token is
/// checked anew at every request, with all rules of one in a header.
/// </summary>
public sealed class TokenSignIn
{
    /// <summary>Browsers drop a cookie that is larger with its name and attributes than 4,096 bytes.</summary>
    private const int MaxTokenLength = 3900;
    private const int MaxFormBytes = 16 * 1024;

    private readonly string _root, _cookie;
    private readonly SignInWords _words;
    private readonly Func<PlainPage, IResult> _page;

    /// <param name="root">Below which the pages lie, such as <c>/console</c>.</param>
    /// <param name="cookie">Its name.</param>
    /// <param name="page">Puts a page into the frame that all of them have.</param>
    public TokenSignIn(string root, string cookie, SignInWords words, Func<PlainPage, IResult> page)
    {
        (_root, _cookie, _words, _page) = (root, cookie, words, page);
        Pages = new BrowserPages(cookie, Refuse);
    }

    public BrowserPages Pages { get; }

    public void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet($"{_root}/sign-in", () => Page(null, _root)).AllowAnonymous().ForBrowsers(Pages);
        pages.MapPost($"{_root}/sign-in", TakeTokenAsync).AllowAnonymous().ForBrowsers(Pages);
        pages.MapPost($"{_root}/sign-out", (HttpContext context) =>
        {
            Forget(context);
            return TypedResults.LocalRedirect($"{_root}/sign-in");
        }).AllowAnonymous().ForBrowsers(Pages);
    }

    private async Task<IResult> TakeTokenAsync(HttpContext context, CancellationToken ct)
    {
        if (!context.Request.HasFormContentType) return Refuse(context, KnownProblems.MediaTypeUnsupported);
        if (await OwnForm.ReadAsync(context.Request, fields: 2, MaxFormBytes, ct) is not { } form) return Refuse(context, KnownProblems.RequestInvalid);
        var (token, back) = (form["token"].ToString().Trim(), form["return"].ToString());
        if (token.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) token = token["Bearer ".Length..].Trim();
        if (token.Length is 0 or > MaxTokenLength || token.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_'))) return Page(KnownProblems.TokenInvalid, back);

        // Whether it is good is found out by the page it leads to, in the one place where tokens are judged.
        context.Response.Cookies.Append(_cookie, token, Attributes(context.Request));
        return TypedResults.LocalRedirect(IsOurs(back) ? back : _root);
    }

    /// <summary>A problem as a page. Without a token that is good, that page asks for one and leads back afterwards.</summary>
    private IResult Refuse(HttpContext context, Problem problem)
    {
        if (problem.Status == StatusCodes.Status401Unauthorized)
        {
            // A link from another site comes without the cookie, which is still good.
            if (problem != KnownProblems.TokenMissing) Forget(context);
            var wanted = HttpMethods.IsGet(context.Request.Method) ? $"{context.Request.Path}{context.Request.QueryString}" : _root;
            return Page(problem == KnownProblems.TokenMissing ? null : problem, wanted, problem);
        }

        Html words = problem.Code switch
        {
            "scope_missing" => $"""<p>This page is for {_words.Whom}: the token needs the scope <code>{Needed(context)}</code>. Whoever issued it can issue another one.</p>""",
            "tenant_required" => $"""<p>This is a service's own token, good for any tenant. {_words.Place} needs the token of {_words.Whose}, for one tenant.</p>""",
            _ => problem.Detail is { } detail ? (Html)$"""<p>{detail}</p>""" : Html.Empty,
        };
        Html again = $"""<p><a href="{_root}">{_words.Back}</a></p><form method="post" action="{_root}/sign-out"><button>Sign in with another token</button></form>""";
        return _page(new PlainPage(problem.Title, $"""<h1>{problem.Title}</h1>{words}{again}""", problem.Status, problem.Code, problem.RetryAfterSeconds));
    }

    private static string Needed(HttpContext context) => string.Join(" or ", context.GetEndpoint()?.Metadata.GetMetadata<RequiredScope>()?.AnyOf ?? []);

    private IResult Page(Problem? said, string back, Problem? answered = null) => _page(new PlainPage("Sign in", $"""
        <div class="narrow">
        <h1>Sign in</h1>
        {(said is null ? Html.Empty : (Html)$"""<p class="alert" role="alert">{said.Title}</p>""")}
        {_words.Ask}
        <form method="post" action="{_root}/sign-in">
        <input type="hidden" name="return" value="{(IsOurs(back) ? back : _root)}">
        <label for="token">Token</label>
        <textarea id="token" name="token" rows="6" required autocomplete="off" autocapitalize="off" spellcheck="false"></textarea>
        <button class="main">Sign in</button>
        </form>
        <p class="note">{_words.Note}</p>
        </div>
        """, (answered ?? said)?.Status ?? StatusCodes.Status200OK, (answered ?? said)?.Code, RetryAfterSeconds: null));

    /// <summary>A path below the root as it is written in an address, and so in a header: printable ASCII.</summary>
    private bool IsOurs(string path) => path == _root || (path.StartsWith($"{_root}/", StringComparison.Ordinal) && path.All(c => c is > ' ' and <= '~' and not '\\'));

    private void Forget(HttpContext context) => context.Response.Cookies.Delete(_cookie, Attributes(context.Request));

    private CookieOptions Attributes(HttpRequest request) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        // A proxy that took TLS off says so. A forged word for it only makes the cookie stricter.
        Secure = request.IsHttps || request.Headers["X-Forwarded-Proto"] == "https",
        Path = _root,
        IsEssential = true,
    };
}

/// <summary>What the sign-in of some pages says.</summary>
/// <param name="Ask">Which token is asked for, and what it needs.</param>
/// <param name="Whom">Whom the pages are for, such as <c>auditors</c>.</param>
/// <param name="Place">Such as <c>The console</c>.</param>
/// <param name="Whose">Such as <c>one auditor</c>.</param>
/// <param name="Back">Such as <c>Back to the console</c>.</param>
/// <param name="Note">What becomes of the token.</param>
public sealed record SignInWords(Html Ask, string Whom, string Place, string Whose, string Back, string Note);

/// <summary>A page before it is put into its frame.</summary>
public sealed record PlainPage(string Title, Html Main, int Status, string? Code, int? RetryAfterSeconds);
