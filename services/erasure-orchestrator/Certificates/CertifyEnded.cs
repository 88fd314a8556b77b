using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.Resilience;

namespace ConsentLedger.ErasureOrchestrator.Certificates;

/// <summary>
/// Records of each request that is completed what its certificate states, once and whether anybody asks for it or not. Which are left lies in a table, written with the end of each, so that
/// whoever is killed leaves it to the next, and those that ended before this was done are not left out.
/// </summary>
public sealed partial class CertifyEnded(ErasureLookup lookup, Certificates certificates, IEventEngine engine, Remotes remotes, TimeProvider clock, ILogger<CertifyEnded> log) : BackgroundService
{
    public const string Remote = "certificates";

    private readonly HashSet<Guid> _passedOver = [];

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        remotes.KeepGoingAsync(Remote, "certify", ct => Turns.TakeAsync(engine, Remote, clock, LookAsync, ct), retry => Stopped(retry.Exception?.GetType().Name ?? ""), stoppingToken);

    private async Task<DateTimeOffset?> LookAsync(CancellationToken ct)
    {
        await foreach (var (subject, request) in lookup.ReadUncertifiedAsync(ct))
        {
            if (_passedOver.Contains(request)) continue;
            try
            {
                await certificates.CertifyAsync(subject, request, ct);
            }
            catch (InvalidDataException e)
            {
                // One whose stream is not what it should be stops no other. It is looked at again after the next start.
                _passedOver.Add(request);
                PassedOver(request, e.Message);
            }
        }

        return null;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Request {Request} has no certificate: {Reason}")]
    private partial void PassedOver(Guid request, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Requests are not certified ({Error}). That goes on.")]
    private partial void Stopped(string error);
}
