using System.Collections.Concurrent;
using ConsentLedger.EventStore;
using ConsentLedger.Ledger;
using ConsentLedger.Resilience;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ConsentLedger.Transparency.Signing;

/// <summary>
/// Signs every tenant's tree as it grows. One process does so at a time; the others wait for its lock. A tree that is not what was published of it is not
/// signed again by this process, and the others' are.
/// </summary>
public sealed partial class CheckpointSigner(
    IEventEngine engine, LogTree tree, Checkpoints checkpoints, LogKeys keys, Witnesses witnesses, NpgsqlDataSource ledger,
    LogMetrics metrics, Remotes remotes, TimeProvider clock, ILogger<CheckpointSigner> log) : BackgroundService
{
    internal const string Remote = "signing";

    /// <summary>A tenant's checkpoints are no closer together. What comes within it shares one, as appends share a commit.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    /// <summary>After too few witnesses answered.</summary>
    private static readonly TimeSpan BeforeAnotherTry = TimeSpan.FromSeconds(1);

    private const int MaxAtOnce = 4;

    private readonly ConcurrentDictionary<TenantId, LedgerFault> _refused = [];
    private readonly Dictionary<TenantId, Log> _logs = [];

    /// <summary>The tenants for whom this process signs nothing more, and why.</summary>
    internal IReadOnlyDictionary<TenantId, LedgerFault> Refused => _refused;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        remotes.KeepGoingAsync(Remote, "sign", TakeTurnsAsync, retry => Stopped(log, retry.Exception?.GetType().Name ?? "", retry.Delay.TotalMilliseconds), stoppingToken);

    private async Task TakeTurnsAsync(CancellationToken ct)
    {
        while (true)
        {
            await using var lease = await SignerLease.TryTakeAsync(ledger, ct);
            if (lease is null)
            {
                await Task.Delay(Poll, clock, ct);
                continue;
            }

            using var turn = CancellationTokenSource.CreateLinkedTokenSource(ct);
            foreach (var known in _logs.Values) known.Begin();
            try
            {
                await SignAsync(lease, turn.Token);
            }
            finally
            {
                metrics.Lags(null);
                await turn.CancelAsync();
                await Task.WhenAll(_logs.Values.Select(l => l.Running.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default)));
            }
        }
    }

    private async Task SignAsync(SignerLease lease, CancellationToken ct)
    {
        while (true)
        {
            var looked = clock.GetTimestamp();

            // Asked before looking, so an append between the look and the wait ends the wait at once.
            var appended = engine.WaitForAppendAsync(Poll, ct);
            var heads = await engine.ReadHeadsAsync(ct);
            foreach (var tenant in heads.Keys.Where(t => !_logs.ContainsKey(t))) _logs.Add(tenant, new Log(new TenantSigner(tenant, engine, tree, checkpoints, keys, witnesses)));
            metrics.Lags(_logs.Sum(l => Math.Max(0, heads.GetValueOrDefault(l.Key) - l.Value.Size)));

            // Until it is time to look again, each place that gets free goes to whoever has waited longest: a few busy tenants keep nobody from a checkpoint.
            while (true)
            {
                foreach (var known in _logs.Values.Where(l => l.Running.IsCompleted))
                {
                    // Throws what ended it: then the turn is over, and what was remembered of every log with it.
                    await known.Running;
                }

                foreach (var (tenant, known) in Grown(heads).Where(IsRested).OrderBy(l => l.Value.At).Take(MaxAtOnce - Running.Count()).ToList())
                {
                    known.At = clock.GetTimestamp();
                    known.Running = SignAsync(tenant, known, lease, ct);
                }

                if (Interval - clock.GetElapsedTime(looked) is not { Ticks: > 0 } left) break;
                await Task.WhenAny([Task.Delay(left, clock, ct), .. Running]);
                ct.ThrowIfCancellationRequested();
            }

            if (!Grown(heads).Any()) await Task.WhenAny([appended, .. Running]);
            ct.ThrowIfCancellationRequested();
        }
    }

    private IEnumerable<Task> Running => _logs.Values.Select(l => l.Running).Where(r => !r.IsCompleted);

    /// <summary>What is not as it was published, and nobody is signing.</summary>
    private IEnumerable<KeyValuePair<TenantId, Log>> Grown(IReadOnlyDictionary<TenantId, long> heads) =>
        _logs.Where(l => l.Value.Running.IsCompleted && heads.GetValueOrDefault(l.Key) != l.Value.Size && !_refused.ContainsKey(l.Key));

    private bool IsRested(KeyValuePair<TenantId, Log> log) => log.Value.At == 0 || clock.GetElapsedTime(log.Value.At) >= (log.Value.Rest > Interval ? log.Value.Rest : Interval);

    private async Task SignAsync(TenantId tenant, Log known, SignerLease lease, CancellationToken ct)
    {
        known.Rest = TimeSpan.Zero;
        switch (await SignOrRefuseAsync(known.Signer, lease, ct))
        {
            case Signed.Current current:
                known.Size = current.Size;
                if (current.IsNew) metrics.Published();
                break;
            case Signed.Unwitnessed:
                known.Rest = BeforeAnotherTry;
                metrics.Unwitnessed();
                break;
            case Signed.Refused refused when _refused.TryAdd(tenant, refused.Fault):
                metrics.Refused();
                var origin = keys.OriginOf(tenant);
                NotSigned(log, origin, refused.Fault.Code, refused.Fault.Reason);
                break;
        }
    }

    private static async Task<Signed> SignOrRefuseAsync(TenantSigner signer, SignerLease lease, CancellationToken ct)
    {
        try
        {
            return await signer.SignAsync(lease, ct);
        }
        catch (InvalidDataException)
        {
            // This tenant's rows are not what we wrote; the others' are none the worse for it.
            return new Signed.Refused(TenantSigner.Unreadable);
        }
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "Nothing more is signed of {Origin}: {Reason} ({Code}) Somebody changed what lies in the database, or it was restored from before. docs/operations.md says what to do.")]
    private static partial void NotSigned(ILogger logger, string origin, string code, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Signing stopped ({Exception}); it goes on in {DelayMs} ms.")]
    private static partial void Stopped(ILogger logger, string exception, double delayMs);

    private sealed class Log
    {
        public Log(TenantSigner signer)
        {
            Signer = signer;
            Begin();
        }

        public TenantSigner Signer { get; }

        public Task Running { get; set; } = Task.CompletedTask;

        /// <summary>Of the published checkpoint, once it was seen.</summary>
        public long Size { get; set; }

        public long At { get; set; }

        public TimeSpan Rest { get; set; }

        public void Begin()
        {
            Signer.Begin();
            (Running, Size, Rest) = (Task.CompletedTask, -1, TimeSpan.Zero);
        }
    }
}
