using System.Security.Claims;
using ConsentLedger.EventStore;

namespace ConsentLedger.ServiceDefaults;

/// <summary>The claims a token of ours carries beside the registered ones, and what makes them usable.</summary>
internal static class TokenClaims
{
    public const string Subject = "sub";
    public const string Tenant = "tenant";
    public const string Scope = "scope";

    /// <summary>Each claim at most once: a list would leave open which one counts.</summary>
    public static bool AreUsable(ClaimsPrincipal token) =>
        Single(token, Subject) is { Length: > 0 and <= 200 }
        && Single(token, Tenant) is { } tenant && (tenant == "*" || TenantId.TryParse(tenant, out _))
        && token.FindAll(Scope).Count() <= 1;

    private static string? Single(ClaimsPrincipal token, string type) =>
        token.FindAll(type).ToArray() is [var only] ? only.Value : null;
}
