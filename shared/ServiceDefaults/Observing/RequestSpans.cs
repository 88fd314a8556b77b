using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace ConsentLedger.ServiceDefaults;

/// <summary>Names the span of a request by its route, never by its path.</summary>
internal sealed class RequestSpans(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        finally
        {
            Name(context);
        }
    }

    private static void Name(HttpContext context)
    {
        if (context.Features.Get<IHttpActivityFeature>()?.Activity is not { IsAllDataRequested: true } span) return;
        span.SetTag("http.response.status_code", context.Response.StatusCode);
        if (context.GetEndpoint() is not RouteEndpoint { RoutePattern.RawText: { } route }) return;
        span.DisplayName = $"{context.Request.Method} {route}";
        span.SetTag("http.request.method", context.Request.Method).SetTag("http.route", route);
    }
}
