using System.Threading.RateLimiting;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Links;

/// <summary>
/// How often one person's links may be used. It counts only links that are genuine, so that nobody can fill its memory with invented ones; and never the
/// sender's address, because one mail provider unsubscribes for millions. Leaving is counted by itself: a scanner follows every link that a mail leads to, and a mail client that is told
/// to come back later does not.
/// </summary>
public sealed class LinkLimit : IDisposable
{
    private const int AtOnce = 30;
    private const int ThenPerSecond = 1;

    public static Problem TooManyRequests { get; } = new(StatusCodes.Status429TooManyRequests, "too_many_requests", "This link was used too often in a short time.") { RetryAfterSeconds = 5 };

    private readonly PartitionedRateLimiter<(StreamKey, Lane?)> _uses = PartitionedRateLimiter.Create<(StreamKey, Lane?), (StreamKey, Lane?)>(use =>
        RateLimitPartition.GetTokenBucketLimiter(use, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = AtOnce,
            TokensPerPeriod = ThenPerSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        }));

    /// <param name="left">What is left, for whoever leaves: who uses that up has said this very no.</param>
    public bool Allows(StreamKey person, Lane? left = null)
    {
        using var lease = _uses.AttemptAcquire((person, left));
        return lease.IsAcquired;
    }

    public void Dispose() => _uses.Dispose();
}
