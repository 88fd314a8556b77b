using System.Text;
using ConsentLedger.Contracts;
using ConsentLedger.EventStore;
using ConsentLedger.Messaging;
using ConsentLedger.Resilience;
using ConsentLedger.Transparency.Signing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.Transparency.Announcing;

/// <summary>
/// Tells the bus of published checkpoints, from one replica at a time. A row says up to which size the bus has been told, and moves on when the broker has
/// confirmed: a crash in between tells it again. Only the newest is told, since it stands for all before it.
/// </summary>
internal sealed partial class CheckpointAnnouncer(
    IEventEngine engine, Checkpoints checkpoints, LogKeys keys, Announcements announcements, LogMetrics metrics, Remotes remotes, TimeProvider clock, ILogger<CheckpointAnnouncer> log)
    : BackgroundService
{
    public const string Remote = "announcing";

    /// <summary>Whoever needs them sooner asks over HTTP.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        remotes.KeepGoingAsync(Remote, "announce", TakeTurnsAsync, retry => Stopped(log, retry.Exception?.GetType().Name ?? "", retry.Delay.TotalMilliseconds), stoppingToken);

    private async Task TakeTurnsAsync(CancellationToken ct)
    {
        while (true)
        {
            await using var lease = await engine.TryLeaseAsync("checkpoints", ct);
            if (lease is null)
            {
                await Task.Delay(Poll, clock, ct);
                continue;
            }

            while (true)
            {
                var began = clock.GetTimestamp();

                // Asked before looking, so one that is published between the look and the wait ends the wait at once.
                var published = checkpoints.WaitForPublicationAsync(Poll, ct);
                foreach (var (tenant, newest) in await checkpoints.ReadUnannouncedAsync(ct))
                {
                    await announcements.PublishAsync(MessageOf(tenant, newest), ct);
                    await checkpoints.SaveAnnouncedAsync(tenant, newest.Head.Size, ct);
                    metrics.Announced();
                }

                await published;
                if (Interval - clock.GetElapsedTime(began) is { Ticks: > 0 } left) await Task.Delay(left, clock, ct);
            }
        }
    }

    private CloudEvent MessageOf(TenantId tenant, SignedCheckpoint newest) => new()
    {
        // The same checkpoint told again is the same message.
        Id = $"{Digest.Of(newest.Head.ToText()).Value}",
        Source = keys.Source.ToString(),
        Type = CheckpointSignedV1.Type,
        Time = clock.GetUtcNow(),
        Subject = newest.Head.Origin,
        Tenant = tenant.ToString(),
        Data = CloudEvent.DataFrom(new CheckpointSignedV1(newest.Head.Origin, newest.Head.Size, newest.Head.Root.ToBase64(), Encoding.UTF8.GetString(newest.Note))),
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Announcing checkpoints stopped ({Exception}); it goes on in {DelayMs} ms.")]
    private static partial void Stopped(ILogger logger, string exception, double delayMs);
}
