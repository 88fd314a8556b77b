using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.IdentityModel.Tokens;

namespace ConsentLedger.ServiceDefaults;

/// <summary>Stands before every endpoint: no token, no scope or another tenant, and the endpoint's code is not reached.</summary>
internal sealed class Gate(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (BrowserPages.Of(context) is not null && BrowserPages.Changes(context.Request) && !BrowserPages.IsFromOurPage(context.Request))
        {
            await BrowserPages.Answer(context, BrowserPages.OriginForeign).ExecuteAsync(context);
            return;
        }

        if (context.GetEndpoint() is RouteEndpoint endpoint && endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null)
        {
            var required = endpoint.Metadata.GetMetadata<RequiredScope>()
                ?? throw new InvalidOperationException($"{endpoint.RoutePattern.RawText} names no scope and does not allow anonymous callers.");
            if (Refuse(context, await context.AuthenticateAsync(), required) is { } problem)
            {
                await BrowserPages.Answer(context, problem).ExecuteAsync(context);
                return;
            }
        }

        await next(context);
    }

    private static Problem? Refuse(HttpContext context, AuthenticateResult token, RequiredScope required)
    {
        var headers = context.Response.Headers;
        if (!token.Succeeded)
        {
            headers.WWWAuthenticate = token.None ? "Bearer" : "Bearer error=\"invalid_token\"";
            return token.None ? KnownProblems.TokenMissing
                : token.Failure is SecurityTokenExpiredException ? KnownProblems.TokenExpired
                : KnownProblems.TokenInvalid;
        }

        var (caller, problem) = Caller.From(token.Principal, context.Request.Headers);
        if (caller is null) return problem;
        if (!required.AnyOf.Any(caller.Scopes.Contains))
        {
            headers.WWWAuthenticate = $"Bearer error=\"insufficient_scope\", scope=\"{string.Join(' ', required.AnyOf)}\"";
            return KnownProblems.ScopeMissing;
        }

        context.Features.Set(caller);
        return null;
    }
}
