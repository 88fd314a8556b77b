using System.Net;

namespace ConsentLedger.Resilience;

/// <summary>Another answer than the one asked for.</summary>
/// <param name="retryAfter">How long the other side asked to be left alone (RFC 9110, 10.2.3).</param>
public sealed class RemoteAnswerException(HttpStatusCode status, TimeSpan? retryAfter) : HttpRequestException($"The remote answered {(int)status}.", null, status)
{
    public TimeSpan? RetryAfter { get; } = retryAfter;
}

/// <summary>What an HTTP answer, or its absence, says about asking again.</summary>
public static class HttpAnswers
{
    /// <exception cref="RemoteAnswerException">For everything but 2xx.</exception>
    public static void EnsureAnswered(this HttpResponseMessage answer, TimeProvider clock)
    {
        if (answer.IsSuccessStatusCode) return;
        var wait = answer.Headers.RetryAfter is { } asked ? asked.Delta ?? asked.Date - clock.GetUtcNow() : null;
        throw new RemoteAnswerException(answer.StatusCode, wait < TimeSpan.Zero ? TimeSpan.Zero : wait);
    }

    /// <summary>No answer, or one that says "not now".</summary>
    public static bool IsOutage(Exception e) =>
        e is HttpRequestException { StatusCode: null or >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout };

    public static TimeSpan? RetryAfter(Exception e) => (e as RemoteAnswerException)?.RetryAfter;
}
