using System.Reflection;
using ConsentLedger.EventStore;
using Microsoft.AspNetCore.Http;

namespace ConsentLedger.ServiceDefaults;

/// <summary>Who asks: the client a token was issued to, the controller it acts for, and what it may do there.</summary>
public sealed record Caller(string ClientId, TenantId Tenant, IReadOnlySet<string> Scopes) : IBindableFromHttpContext<Caller>
{
    public const string TenantHeader = "X-Tenant";

    /// <summary>Names a command of this client: the same key from another client or for another tenant is another command.</summary>
    public Digest CommandId(string key) => Digest.Of($"http:{Tenant}:{ClientId}", key);

    public static ValueTask<Caller?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        ValueTask.FromResult<Caller?>(context.Features.Get<Caller>()
            ?? throw new InvalidOperationException("A caller is known only behind RequireScope."));

    /// <summary>The caller, or why this token may not act for the tenant that the request names.</summary>
    internal static (Caller? Caller, Problem? Problem) From(TokenClaims token, IHeaderDictionary headers)
    {
        var named = headers[TenantHeader];
        if (token.Tenant is not { } tenant)
        {
            // A service's own says in the header whom it acts for.
            if (named.Count != 1 || !TenantId.TryParse(named[0], out tenant)) return (null, KnownProblems.TenantRequired);
        }
        else if (named.Count > 1 || (named.Count == 1 && named[0] != tenant.ToString()))
        {
            return (null, KnownProblems.TenantMismatch);
        }

        return (new Caller(token.Subject, tenant, token.Scopes), null);
    }
}
