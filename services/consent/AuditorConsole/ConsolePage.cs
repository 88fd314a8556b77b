using ConsentLedger.ServiceDefaults;
using Microsoft.AspNetCore.Http.Features;

namespace ConsentLedger.Consent.AuditorConsole;

/// <summary>One page of the console: everything it needs comes from this service, nothing is kept by a cache, and no other site may frame it.</summary>
/// <param name="Caller">Who is signed in; null where nobody is.</param>
internal sealed record ConsolePage(string Title, Html Main, Caller? Caller = null, int Status = StatusCodes.Status200OK) : IResult
{
    private const string Policy =
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    public string? Code { get; init; }

    public int? RetryAfterSeconds { get; init; }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        (response.StatusCode, response.ContentType) = (Status, "text/html; charset=utf-8");
        SetHeaders(response);
        if (RetryAfterSeconds is { } seconds) response.Headers.RetryAfter = $"{seconds}";
        if (Code is not null) httpContext.Features.Get<IHttpMetricsTagsFeature>()?.Tags.Add(new("consentledger.problem", Code));
        Html page = $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="robots" content="noindex">
            <title>{Title} · ConsentLedger</title>
            <link rel="icon" href="/console/icon.svg" type="image/svg+xml">
            <link rel="stylesheet" href="/console/console.css">
            <script src="/console/console.js" type="module"></script>
            </head>
            <body>
            <a class="skip" href="#main">Skip to the content</a>
            <header><a class="brand" href="/console"><svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true"><path d="M1.5 4h8m2 0h3M1.5 8h5m2 0h6M1.5 12h10"/></svg>ConsentLedger <span>auditor console</span></a>{SignedIn()}</header>
            <main id="main">{Main}</main>
            </body>
            </html>

            """;
        return response.WriteAsync(page.ToString(), httpContext.RequestAborted);
    }

    internal static void SetHeaders(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = Policy;
        // Addresses hold subject ids. They go to no other site; the browser still says of a form that it is ours.
        response.Headers["Referrer-Policy"] = "same-origin";
    }

    private Html SignedIn() => Caller is null
        ? Html.Empty
        : (Html)$"""<form method="post" action="/console/sign-out"><span>{Caller.ClientId} for <strong>{Caller.Tenant.ToString()}</strong></span><button class="quiet">Sign out</button></form>""";
}

/// <summary>A piece of a page, for the script to put into the page that has it already.</summary>
internal sealed record ConsolePart(Html Part) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.ContentType = "text/html; charset=utf-8";
        ConsolePage.SetHeaders(httpContext.Response);
        return httpContext.Response.WriteAsync(Part.ToString(), httpContext.RequestAborted);
    }
}
