using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ConsentLedger.ServiceDefaults;

/// <summary>
/// Endpoint metadata: pages for a person at a browser. Their bearer token comes in a cookie and obeys every rule of one in a header; what is refused is a
/// page too; and what changes anything is accepted from a page of ours only.
/// </summary>
/// <param name="Cookie">The cookie's name.</param>
/// <param name="Refusal">A problem as a page.</param>
public sealed record BrowserPages(string Cookie, Func<HttpContext, Problem, IResult> Refusal)
{
    public static Problem OriginForeign { get; } = new(StatusCodes.Status403Forbidden, "origin_foreign", "The request does not come from a page of this site.");

    /// <summary>
    /// Whether a page of ours sent this. Browsers say so themselves; those that do not name at least the origin. The scheme is not compared, since a proxy
    /// may have taken TLS off.
    /// </summary>
    public static bool IsFromOurPage(HttpRequest request) => request.Headers["Sec-Fetch-Site"] is [{ } site]
        ? site == "same-origin"
        : request.Headers.Origin is [{ } text] && Uri.TryCreate(text, UriKind.Absolute, out var origin) && new HostString(origin.Authority) == request.Host;

    internal static BrowserPages? Of(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<BrowserPages>();

    /// <summary>A page for a page, a problem for everything else.</summary>
    internal static IResult Answer(HttpContext context, Problem problem) =>
        Of(context)?.Refusal(context, problem) ?? context.GetEndpoint()?.Metadata.GetMetadata<ProblemsAsPages>()?.Of(context, problem) ?? problem;

    internal static bool Changes(HttpRequest request) => !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method);

    internal StringValues TokenOf(HttpRequest request) => request.Cookies[Cookie] is { Length: > 0 } token ? $"{BearerTokens.Scheme}{token}" : StringValues.Empty;
}

public static class BrowserPageEndpoints
{
    /// <summary>Not part of the API, and so not of its description.</summary>
    public static TBuilder ForBrowsers<TBuilder>(this TBuilder endpoint, BrowserPages pages)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(builder => builder.Metadata.Add(pages));
        return endpoint.ExcludeFromDescription();
    }
}
