using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Claims;

namespace ConsentLedger.ServiceDefaults;

/// <summary>
/// Tokens that were found good, by their exact text: a signature is checked once and not a hundred times a second. A token is held against the clock each time, and
/// with a change of the issuer's keys all are forgotten.
/// </summary>
internal sealed class KnownTokens(SigningKeys keys)
{
    /// <summary>A caller needs one; whoever has more tokens than this in use has them checked more often.</summary>
    private const int MaxTokens = 1024;

    private readonly ConcurrentDictionary<string, Known> _tokens = [];

    public bool TryFind(string token, DateTime now, [NotNullWhen(true)] out ClaimsPrincipal? principal)
    {
        principal = null;
        if (!_tokens.TryGetValue(token, out var known)) return false;
        if (known.Keys == keys.Set && now < known.Ends) principal = known.Principal;
        else _tokens.TryRemove(token, out _);
        return principal is not null;
    }

    /// <param name="keySet">As it was before the token was checked: keys may have changed since.</param>
    public void Remember(string token, ClaimsPrincipal principal, object keySet, DateTime ends)
    {
        if (_tokens.Count >= MaxTokens) _tokens.Clear();
        _tokens[token] = new Known(principal, keySet, ends);
    }

    private sealed record Known(ClaimsPrincipal Principal, object Keys, DateTime Ends);
}
