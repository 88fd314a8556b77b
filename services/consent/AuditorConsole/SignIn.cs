using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.AuditorConsole;

/// <summary>
/// An auditor pastes a bearer token, and the browser keeps it in a cookie that no script reads and no other site sends. Nothing is kept here: the token is
/// checked anew at every request, with all rules of one in a header.
/// </summary>
internal static class SignIn
{
    /// <summary>Browsers drop a cookie that is larger with its name and attributes than 4,096 bytes.</summary>
    private const int MaxTokenLength = 3900;

    private const string CookieName = "consentledger-console";

    public static BrowserPages Pages { get; } = new(CookieName, Refuse);

    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/console/sign-in", () => Page(null, "/console")).AllowAnonymous().ForBrowsers(Pages);
        pages.MapPost("/console/sign-in", TakeTokenAsync).AllowAnonymous().ForBrowsers(Pages);
        pages.MapPost("/console/sign-out", (HttpContext context) =>
        {
            Forget(context);
            return TypedResults.LocalRedirect("/console/sign-in");
        }).AllowAnonymous().ForBrowsers(Pages);
    }

    private static async Task<IResult> TakeTokenAsync(HttpContext context, CancellationToken ct)
    {
        if (!context.Request.HasFormContentType) return Refuse(context, KnownProblems.MediaTypeUnsupported);
        var form = await context.Request.ReadFormAsync(ct);
        var (token, back) = (form["token"].ToString().Trim(), form["return"].ToString());
        if (token.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) token = token["Bearer ".Length..].Trim();
        if (token.Length is 0 or > MaxTokenLength || token.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_'))) return Page(KnownProblems.TokenInvalid, back);

        // Whether it is good is found out by the page it leads to, in the one place where tokens are judged.
        context.Response.Cookies.Append(CookieName, token, Attributes(context.Request));
        return TypedResults.LocalRedirect(IsOurs(back) ? back : "/console");
    }

    /// <summary>A problem as a page. Without a token that is good, that page asks for one and leads back afterwards.</summary>
    private static ConsolePage Refuse(HttpContext context, Problem problem)
    {
        if (problem.Status == StatusCodes.Status401Unauthorized)
        {
            // A link from another site comes without the cookie, which is still good.
            if (problem != KnownProblems.TokenMissing) Forget(context);
            var wanted = HttpMethods.IsGet(context.Request.Method) ? $"{context.Request.Path}{context.Request.QueryString}" : "/console";
            return Page(problem == KnownProblems.TokenMissing ? null : problem, wanted) with { Status = problem.Status, Code = problem.Code };
        }

        Html words = problem.Code switch
        {
            "scope_missing" => $"""<p>This page is for auditors: the token needs the scope <code>{Needed(context)}</code>. Whoever issued it can issue another one.</p>""",
            "tenant_required" => $"""<p>This is a service's own token, good for any tenant. The console needs the token of one auditor, for one tenant.</p>""",
            _ => problem.Detail is { } detail ? (Html)$"""<p>{detail}</p>""" : Html.Empty,
        };
        Html again = $"""<p><a href="/console">Back to the console</a></p><form method="post" action="/console/sign-out"><button>Sign in with another token</button></form>""";
        return new ConsolePage(problem.Title, $"""<h1>{problem.Title}</h1>{words}{again}""", Status: problem.Status) { Code = problem.Code, RetryAfterSeconds = problem.RetryAfterSeconds };
    }

    private static string Needed(HttpContext context) => string.Join(" or ", context.GetEndpoint()?.Metadata.GetMetadata<RequiredScope>()?.AnyOf ?? []);

    private static ConsolePage Page(Problem? problem, string back) => new("Sign in", $"""
        <div class="narrow">
        <h1>Sign in</h1>
        {(problem is null ? Html.Empty : (Html)$"""<p class="alert" role="alert">{problem.Title}</p>""")}
        <p>Paste an auditor's bearer token. It needs the scope <code>{Scopes.ConsentAudit}</code>, and <code>{Scopes.ConsentDisclose}</code> to open sealed evidence.</p>
        <form method="post" action="/console/sign-in">
        <input type="hidden" name="return" value="{(IsOurs(back) ? back : "/console")}">
        <label for="token">Token</label>
        <textarea id="token" name="token" rows="6" required autocomplete="off" autocapitalize="off" spellcheck="false"></textarea>
        <button class="main">Sign in</button>
        </form>
        <p class="note">The token stays in this browser, out of reach of scripts, until you sign out or close it. What you open here is recorded in the history you open.</p>
        </div>
        """, Status: problem?.Status ?? StatusCodes.Status200OK)
    { Code = problem?.Code };

    private static bool IsOurs(string path) => path == "/console" || (path.StartsWith("/console/", StringComparison.Ordinal) && !path.Contains('\\', StringComparison.Ordinal));

    private static void Forget(HttpContext context) => context.Response.Cookies.Delete(CookieName, Attributes(context.Request));

    private static CookieOptions Attributes(HttpRequest request) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        // A proxy that took TLS off says so. A forged word for it only makes the cookie stricter.
        Secure = request.IsHttps || request.Headers["X-Forwarded-Proto"] == "https",
        Path = "/console",
        IsEssential = true,
    };
}
