using ConsentLedger.ServiceDefaults;
using Microsoft.AspNetCore.Http.Features;

namespace ConsentLedger.ErasureOrchestrator.Desk;

/// <summary>One page of the desk. There is no script on it, so that none can be brought in; everything else comes from this service, and no cache keeps it.</summary>
/// <param name="Caller">Who is signed in; null where nobody is.</param>
internal sealed record DeskPage(string Title, Html Main, Caller? Caller = null, int Status = StatusCodes.Status200OK) : IResult
{
    private const string Policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    public string? Code { get; init; }

    public int? RetryAfterSeconds { get; init; }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        (response.StatusCode, response.ContentType) = (Status, "text/html; charset=utf-8");
        response.Headers.ContentSecurityPolicy = Policy;
        // Addresses hold ids of requests. They go to no other site; the browser still says of a form that it is ours.
        response.Headers["Referrer-Policy"] = "same-origin";
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
            <link rel="stylesheet" href="/desk/desk.css">
            </head>
            <body>
            <a class="skip" href="#main">Skip to the content</a>
            <header><a class="brand" href="/desk">ConsentLedger <span>privacy desk</span></a>{SignedIn()}</header>
            <main id="main">{Main}</main>
            </body>
            </html>

            """;
        return response.WriteAsync(page.ToString(), httpContext.RequestAborted);
    }

    private Html SignedIn() => Caller is null
        ? Html.Empty
        : (Html)$"""<form method="post" action="/desk/sign-out"><span>{Caller.ClientId} for <strong>{Caller.Tenant.ToString()}</strong></span><button class="quiet">Sign out</button></form>""";
}
