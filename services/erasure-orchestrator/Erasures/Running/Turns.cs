namespace ConsentLedger.ErasureOrchestrator.Erasures.Running;

/// <summary>What is owed lies in tables, and one process at a time sees to it: after whatever is appended, when the next of it is due, and now and then in any case.</summary>
internal static class Turns
{
    private static readonly TimeSpan Breath = TimeSpan.FromSeconds(1), Unheard = TimeSpan.FromSeconds(10);

    /// <summary>Ends by an exception only: where it is cancelled, where the lease is lost, and with that of <paramref name="look"/>.</summary>
    /// <param name="name">The lease's: it makes one of all who look.</param>
    /// <param name="look">Does what there is to do by now. Returns when there is something next; null where nothing is set.</param>
    public static async Task TakeAsync(IEventEngine engine, string name, TimeProvider clock, Func<CancellationToken, Task<DateTimeOffset?>> look, CancellationToken ct)
    {
        while (true)
        {
            await using var lease = await engine.TryLeaseAsync(name, ct);
            if (lease is null)
            {
                await Task.Delay(Breath, clock, ct);
                continue;
            }

            while (true)
            {
                // Throws where the lease has gone with its connection.
                await lease.ReadCheckpointsAsync(ct);

                // Asked before looking, so an append between the look and the wait ends the wait.
                using var awake = CancellationTokenSource.CreateLinkedTokenSource(ct);
                var appended = engine.WaitForAppendAsync(Unheard, awake.Token);
                var next = await look(ct);
                var wait = next - clock.GetUtcNow() ?? Unheard;
                if (wait > TimeSpan.Zero) await Task.WhenAny(appended, Task.Delay(wait < Unheard ? wait : Unheard, clock, awake.Token));
                await awake.CancelAsync();
                ct.ThrowIfCancellationRequested();
            }
        }
    }
}
