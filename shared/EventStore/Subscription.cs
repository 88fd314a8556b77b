using System.Collections.Concurrent;
using System.Threading.Channels;

namespace ConsentLedger.EventStore;

/// <summary>
/// Follows the log from a checkpoint, tenant by tenant in position order. One process at a time does the work of a name; the checkpoint moves
/// only after the work is done, so a crash repeats the last batches and never skips one.
/// </summary>
/// <param name="rest">After a look that found something, for work that nobody waits for: it looks less often, and takes more at a time.</param>
public sealed class Subscription(IEventEngine engine, string name, TimeProvider clock, TimeSpan rest = default)
{
    private const int BatchSize = 500;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BetweenCheckpoints = TimeSpan.FromMilliseconds(100);

    private volatile ConcurrentDictionary<TenantId, long>? _done;

    /// <summary>How many events are committed and not handled yet; null while another process does the work of this name.</summary>
    public async Task<long?> ReadLagAsync(CancellationToken ct)
    {
        if (_done is not { } done) return null;
        var heads = await engine.ReadHeadsAsync(ct);
        return heads.Sum(head => Math.Max(0, head.Value - done.GetValueOrDefault(head.Key)));
    }

    /// <summary>Runs until cancelled. An exception of the handler, or a lost lease, ends it; whoever hosts it starts it again.</summary>
    /// <param name="handle">Gets events of one tenant in order; each batch again until it returns.</param>
    public Task RunAsync(Func<IReadOnlyList<StoredEvent>, CancellationToken, Task> handle, CancellationToken ct) => RunAheadAsync(
        async (events, running) =>
        {
            await handle(events, running);
            return new Begun(events.Count, Task.CompletedTask);
        },
        ct);

    /// <summary>As <see cref="RunAsync"/>, for work that ends elsewhere: while one batch is ending the next is begun, and no further one.</summary>
    /// <param name="begin">Returns when the next batch may begin. What fails first ends the run; nothing after it counts as done.</param>
    public async Task RunAheadAsync(Func<IReadOnlyList<StoredEvent>, CancellationToken, Task<Begun>> begin, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            await using var lease = await engine.TryLeaseAsync(name, ct);
            if (lease is null)
            {
                _done = null;
                await Task.Delay(Poll, clock, ct);
                continue;
            }

            await FollowAsync(lease, begin, ct);
        }
    }

    private async Task FollowAsync(ISubscriptionLease lease, Func<IReadOnlyList<StoredEvent>, CancellationToken, Task<Begun>> begin, CancellationToken ct)
    {
        var next = new Dictionary<TenantId, long>(await lease.ReadCheckpointsAsync(ct));
        var done = _done = new ConcurrentDictionary<TenantId, long>(next);
        var unsaved = Channel.CreateUnbounded<(TenantId Tenant, long Next)>();
        using var run = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var saving = SaveAsync(lease, unsaved.Reader, run.Token);
        var aside = new HashSet<TenantId>();
        var ending = Task.CompletedTask;
        try
        {
            while (!run.IsCancellationRequested)
            {
                // Asked before looking, so an append between the look and the wait ends the wait at once.
                var appended = engine.WaitForAppendAsync(Poll, run.Token);
                var (found, isMore) = (false, false);
                foreach (var (tenant, head) in await engine.FollowHeadsAsync(run.Token))
                {
                    var position = next.GetValueOrDefault(tenant);
                    if (position >= head || aside.Contains(tenant)) continue;
                    if (saving.IsFaulted) await saving;
                    var events = await engine.FollowFromAsync(tenant, position, BatchSize, run.Token);
                    var (begun, work) = await begin(events, run.Token);
                    if (begun < events.Count) aside.Add(tenant);
                    else isMore |= position + begun < head;
                    var before = ending;
                    ending = EndAsync(before, work, tenant, next[tenant] = position + begun);
                    await before;
                    found = true;
                }

                if (isMore) continue;
                if (found && rest > TimeSpan.Zero) await Task.Delay(rest, clock, run.Token);
                await EitherAsync(appended, ending);
            }
        }
        finally
        {
            // What was begun before the failure may still end: cancelled, it would be begun again by every run that fails behind it.
            await ending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await run.CancelAsync();

            // After a failure the last measure stands until somebody begins again.
            if (ct.IsCancellationRequested) _done = null;
            unsaved.Writer.Complete();
            await saving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // The one before first: its failure leaves this one begun and not done, however it ended itself.
        async Task EndAsync(Task before, Task work, TenantId tenant, long position)
        {
            await Task.WhenAll(before, work);
            done[tenant] = position;
            unsaved.Writer.TryWrite((tenant, position));
        }
    }

    // A failure is heard when it happens, and not when something is appended.
    private static async Task EitherAsync(Task appended, Task ending)
    {
        if (await Task.WhenAny(appended, ending) == appended) return;
        await ending;
        await appended;
    }

    // Nobody waits for a checkpoint: the last is saved for all before it, and a crash repeats a little more. What was done when the run ended is saved as well.
    private async Task SaveAsync(ISubscriptionLease lease, ChannelReader<(TenantId Tenant, long Next)> unsaved, CancellationToken running)
    {
        var latest = new Dictionary<TenantId, long>();
        while (await unsaved.WaitToReadAsync(CancellationToken.None))
        {
            while (unsaved.TryRead(out var done)) latest[done.Tenant] = done.Next;
            foreach (var (tenant, next) in latest) await lease.SaveCheckpointAsync(tenant, next, CancellationToken.None);
            latest.Clear();
            await Task.Delay(BetweenCheckpoints, clock, running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}

/// <param name="Count">How many of the events. Fewer than all leave the tenant aside for the rest of the run, the next of which begins with those.</param>
/// <param name="Done">Completes when the work is done, or has failed; by itself, within a time.</param>
public readonly record struct Begun(int Count, Task Done);
