using System.Collections.Frozen;
using System.Security.Claims;
using ConsentLedger.EventStore;

namespace ConsentLedger.ServiceDefaults;

/// <summary>What a token of ours says beside the registered claims.</summary>
/// <param name="Tenant">Null for a service's own token, which acts for any.</param>
internal sealed record TokenClaims(string Subject, TenantId? Tenant, FrozenSet<string> Scopes)
{
    private const string AnyTenant = "*";

    /// <summary>Each claim at most once: a list would leave open which one counts. Null where they are not usable.</summary>
    public static TokenClaims? Read(ClaimsPrincipal token)
    {
        if (Only(token, "sub") is not { Length: > 0 and <= 200 } subject || Only(token, "tenant") is not { } tenant) return null;
        if (!TenantId.TryParse(tenant, out var one) && tenant != AnyTenant) return null;
        var scopes = token.FindAll("scope").ToArray();
        return scopes.Length > 1 ? null : new TokenClaims(
            subject, tenant == AnyTenant ? null : one, scopes.SelectMany(scope => scope.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToFrozenSet());
    }

    private static string? Only(ClaimsPrincipal token, string type) =>
        token.FindAll(type).ToArray() is [var only] ? only.Value : null;
}
