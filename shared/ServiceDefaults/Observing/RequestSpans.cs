using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace ConsentLedger.ServiceDefaults;

/// <summary>Names the span of a request by its route, never by its path.</summary>
internal sealed class RequestSpans(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context) =>
        context.Features.Get<IHttpActivityFeature>()?.Activity is { Recorded: true } span ? NameAsync(span, context) : next(context);

    private async Task NameAsync(Activity span, HttpContext context)
    {
        try
        {
            await next(context);
        }
        finally
        {
            Name(span, context);
        }
    }

    private static void Name(Activity span, HttpContext context)
    {
        span.SetTag("http.response.status_code", context.Response.StatusCode);
        if (context.GetEndpoint() is not RouteEndpoint { RoutePattern.RawText: { } route }) return;
        span.DisplayName = $"{context.Request.Method} {route}";
        span.SetTag("http.request.method", context.Request.Method).SetTag("http.route", route);
    }
}
