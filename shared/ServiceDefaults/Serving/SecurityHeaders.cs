using Microsoft.AspNetCore.Http;

namespace ConsentLedger.ServiceDefaults;

/// <summary>Headers that every answer carries unless its endpoint chose its own.</summary>
internal sealed class SecurityHeaders(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(Add, context.Response.Headers);
        return next(context);
    }

    private static Task Add(object state)
    {
        var headers = (IHeaderDictionary)state;
        headers.TryAdd("X-Content-Type-Options", "nosniff");
        headers.TryAdd("Cache-Control", "no-store");
        headers.TryAdd("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
        // An unsubscribe link is a capability; it must not travel to the next site.
        headers.TryAdd("Referrer-Policy", "no-referrer");
        return Task.CompletedTask;
    }
}
