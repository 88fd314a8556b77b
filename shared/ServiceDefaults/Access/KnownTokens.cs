using System.Collections.Concurrent;
using Microsoft.Extensions.Primitives;

namespace ConsentLedger.ServiceDefaults;

/// <summary>
/// Tokens that were found good, by the exact text of their header: a signature is checked once and not ten thousand times a second. A token is held against the clock each
/// time, and with a change of the issuer's keys all are forgotten.
/// </summary>
internal sealed class KnownTokens(SigningKeys keys, TimeProvider clock)
{
    /// <summary>A caller needs one; whoever has more tokens than this in use has them checked more often.</summary>
    private const int MaxTokens = 1024;

    private readonly ConcurrentDictionary<string, Known> _tokens = [];

    public TokenClaims? Find(StringValues header)
    {
        if (header is not [{ } only] || !_tokens.TryGetValue(only, out var known)) return null;
        if (known.Keys == keys.Set && clock.Unmoved().GetUtcNow().UtcDateTime < known.Ends) return known.Claims;
        _tokens.TryRemove(only, out _);
        return null;
    }

    /// <param name="keySet">As it was before the token was checked: keys may have changed since.</param>
    public void Remember(string header, TokenClaims claims, object keySet, DateTime ends)
    {
        if (_tokens.Count >= MaxTokens) _tokens.Clear();
        _tokens[header] = new Known(claims, keySet, ends);
    }

    private sealed record Known(TokenClaims Claims, object Keys, DateTime Ends);
}
