using System.Threading.RateLimiting;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Links;

/// <summary>
/// How often one person's links may be used. It counts only links that are genuine, so that nobody can fill its memory with invented ones; and never the
/// sender's address, because one mail provider unsubscribes for millions.
/// </summary>
public sealed class LinkLimit : IDisposable
{
    private const int AtOnce = 30;
    private const int ThenPerSecond = 1;

    public static Problem TooManyRequests { get; } = new(StatusCodes.Status429TooManyRequests, "too_many_requests", "This link was used too often in a short time.") { RetryAfterSeconds = 5 };

    private readonly PartitionedRateLimiter<StreamKey> _uses = PartitionedRateLimiter.Create<StreamKey, StreamKey>(person =>
        RateLimitPartition.GetTokenBucketLimiter(person, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = AtOnce,
            TokensPerPeriod = ThenPerSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        }));

    public bool Allows(StreamKey person)
    {
        using var lease = _uses.AttemptAcquire(person);
        return lease.IsAcquired;
    }

    public void Dispose() => _uses.Dispose();
}
