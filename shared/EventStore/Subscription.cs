using System.Collections.Concurrent;

namespace ConsentLedger.EventStore;

/// <summary>
/// Follows the log from a checkpoint, tenant by tenant in position order. One process at a time does the work of a name; the checkpoint moves
/// only after the handler returned, so a crash repeats the last batches and never skips one.
/// </summary>
public sealed class Subscription(IEventEngine engine, string name, TimeProvider clock)
{
    private const int BatchSize = 500;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    private volatile ConcurrentDictionary<TenantId, long>? _next;

    /// <summary>How many events are committed and not handled yet; null while another process does the work of this name.</summary>
    public async Task<long?> ReadLagAsync(CancellationToken ct)
    {
        if (_next is not { } next) return null;
        var heads = await engine.ReadHeadsAsync(ct);
        return heads.Sum(head => Math.Max(0, head.Value - next.GetValueOrDefault(head.Key)));
    }

    /// <summary>Runs until cancelled. An exception of the handler, or a lost lease, ends it; whoever hosts it starts it again.</summary>
    /// <param name="handle">Gets events of one tenant in order; each batch again until it returns.</param>
    public async Task RunAsync(Func<IReadOnlyList<StoredEvent>, CancellationToken, Task> handle, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            await using var lease = await engine.TryLeaseAsync(name, ct);
            if (lease is null)
            {
                await Task.Delay(Poll, clock, ct);
                continue;
            }

            var next = _next = new ConcurrentDictionary<TenantId, long>(await lease.ReadCheckpointsAsync(ct));
            var saved = Task.CompletedTask;
            try
            {
                while (!ct.IsCancellationRequested)
                {
                    // Asked before looking, so an append between the look and the wait ends the wait at once.
                    var appended = engine.WaitForAppendAsync(Poll, ct);
                    var handled = false;
                    foreach (var (tenant, head) in await engine.ReadHeadsAsync(ct))
                    {
                        var position = next.GetValueOrDefault(tenant);
                        if (position >= head) continue;
                        var events = await engine.ReadFromAsync(tenant, position, BatchSize, ct);
                        await handle(events, ct);
                        next[tenant] = events[^1].Place.Position + 1;
                        handled = true;

                        // Nobody waits for it but the next one: what comes after is handled while it is saved, and a crash repeats a little more.
                        await saved;
                        saved = lease.SaveCheckpointAsync(tenant, next[tenant], ct);
                    }

                    if (handled) continue;
                    await saved;
                    await appended;
                }
            }
            finally
            {
                await saved.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                _next = null;
            }
        }
    }
}
