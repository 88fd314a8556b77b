using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.IdentityModel.Tokens;

namespace ConsentLedger.ServiceDefaults;

/// <summary>Stands before every endpoint: no token, no scope or another tenant, and the endpoint's code is not reached.</summary>
internal sealed class Gate(RequestDelegate next, KnownTokens known)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (BrowserPages.Of(context) is not null && BrowserPages.Changes(context.Request) && !BrowserPages.IsFromOurPage(context.Request)) return AnswerAsync(context, BrowserPages.OriginForeign);
        if (context.GetEndpoint() is not RouteEndpoint endpoint || endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null) return next(context);

        var required = endpoint.Metadata.GetMetadata<RequiredScope>()
            ?? throw new InvalidOperationException($"{endpoint.RoutePattern.RawText} names no scope and does not allow anonymous callers.");
        return known.Find(BearerTokens.HeaderOf(context)) is { } token ? LetInAsync(context, token, required) : CheckAsync(context, required);
    }

    private static Task AnswerAsync(HttpContext context, Problem problem) => BrowserPages.Answer(context, problem).ExecuteAsync(context);

    /// <summary>A token not seen before, from the ground up.</summary>
    private async Task CheckAsync(HttpContext context, RequiredScope required)
    {
        var token = await context.AuthenticateAsync(JwtBearerDefaults.AuthenticationScheme);
        if (token.Succeeded)
        {
            await LetInAsync(context, TokenClaims.Read(token.Principal)!, required);
            return;
        }

        context.Response.Headers.WWWAuthenticate = token.None ? "Bearer" : "Bearer error=\"invalid_token\"";
        await AnswerAsync(context, token.None ? KnownProblems.TokenMissing : token.Failure is SecurityTokenExpiredException ? KnownProblems.TokenExpired : KnownProblems.TokenInvalid);
    }

    private Task LetInAsync(HttpContext context, TokenClaims token, RequiredScope required) => Refuse(context, token, required) is { } problem ? AnswerAsync(context, problem) : next(context);

    private static Problem? Refuse(HttpContext context, TokenClaims token, RequiredScope required)
    {
        var (caller, problem) = Caller.From(token, context.Request.Headers);
        if (caller is null) return problem;
        if (!required.AnyOf.Any(caller.Scopes.Contains))
        {
            context.Response.Headers.WWWAuthenticate = $"Bearer error=\"insufficient_scope\", scope=\"{string.Join(' ', required.AnyOf)}\"";
            return KnownProblems.ScopeMissing;
        }

        context.Features.Set(caller);
        return null;
    }
}
