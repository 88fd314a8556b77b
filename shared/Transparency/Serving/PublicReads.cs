using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ConsentLedger.Transparency;

/// <summary>How many strangers read at once. They share the database with those who withdraw consent, and may not crowd them out.</summary>
/// <param name="atOnce">Beyond these, some wait and the rest are told to come back.</param>
internal sealed class PublicReads(int atOnce = 4, int waiting = 64) : IDisposable
{
    private readonly ConcurrencyLimiter _reads = new(new ConcurrencyLimiterOptions { PermitLimit = atOnce, QueueLimit = waiting, QueueProcessingOrder = QueueProcessingOrder.OldestFirst });

    public async ValueTask<object?> RunAsync(Func<ValueTask<object?>> read, CancellationToken ct)
    {
        using var lease = await _reads.AcquireAsync(1, ct);
        return lease.IsAcquired ? await read() : LogProblems.Busy;
    }

    public void Dispose() => _reads.Dispose();
}

internal static class PublicReading
{
    /// <summary>For everybody, as far as there is room.</summary>
    public static RouteHandlerBuilder ForEverybody(this RouteHandlerBuilder endpoint) => endpoint.AllowAnonymous().WithMetadata(LogProblems.Busy).AddEndpointFilter(
        (context, next) => context.HttpContext.RequestServices.GetRequiredService<PublicReads>().RunAsync(() => next(context), context.HttpContext.RequestAborted));
}
