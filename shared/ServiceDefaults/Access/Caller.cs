using System.Collections.Frozen;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Security.Claims;
using ConsentLedger.EventStore;
using Microsoft.AspNetCore.Http;

namespace ConsentLedger.ServiceDefaults;

/// <summary>Who asks: the client a token was issued to, the controller it acts for, and what it may do there.</summary>
public sealed record Caller(string ClientId, TenantId Tenant, IReadOnlySet<string> Scopes) : IBindableFromHttpContext<Caller>
{
    public const string TenantHeader = "X-Tenant";

    // As long as the token is known: a set is made for being looked into, and costs more to make than a request.
    private static readonly ConditionalWeakTable<ClaimsPrincipal, FrozenSet<string>> ScopesOf = [];

    /// <summary>The tenant of a service's own token, which says in <see cref="TenantHeader"/> whom it acts for.</summary>
    private const string AnyTenant = "*";

    /// <summary>Names a command of this client: the same key from another client or for another tenant is another command.</summary>
    public Digest CommandId(string key) => Digest.Of($"http:{Tenant}:{ClientId}", key);

    public static ValueTask<Caller?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        ValueTask.FromResult<Caller?>(context.Features.Get<Caller>()
            ?? throw new InvalidOperationException("A caller is known only behind RequireScope."));

    /// <summary>The caller, or why this token may not act for the tenant that the request names.</summary>
    internal static (Caller? Caller, Problem? Problem) From(ClaimsPrincipal token, IHeaderDictionary headers)
    {
        var tenant = token.FindFirstValue(TokenClaims.Tenant)!;
        var named = headers[TenantHeader];
        if (tenant == AnyTenant)
        {
            if (named.Count != 1 || !TenantId.TryParse(named[0], out _)) return (null, KnownProblems.TenantRequired);
            tenant = named[0]!;
        }
        else if (named.Count > 1 || (named.Count == 1 && named[0] != tenant))
        {
            return (null, KnownProblems.TenantMismatch);
        }

        return (new Caller(token.FindFirstValue(TokenClaims.Subject)!, TenantId.Parse(tenant), ScopesOf.GetValue(token, ReadScopes)), null);
    }

    private static FrozenSet<string> ReadScopes(ClaimsPrincipal token) =>
        (token.FindFirstValue(TokenClaims.Scope)?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? []).ToFrozenSet();
}
