using ConsentLedger.EventStore;
using ConsentLedger.Ledger;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.Transparency.Signing;

/// <summary>Before anything is served: every stored tree begins with what was published of it. A database that was restored from before, or put together by hand, is not served.</summary>
internal sealed partial class LogStart(IEventEngine engine, LogTree tree, Checkpoints checkpoints, LogKeys keys, Witnesses witnesses, ILogger<LogStart> log)
{
    /// <exception cref="LogBrokenException">One does not.</exception>
    public async Task CheckAsync(CancellationToken ct)
    {
        foreach (var (tenant, published) in await checkpoints.ReadAllAsync(ct))
        {
            var signer = new TenantSigner(tenant, engine, tree, checkpoints, keys, witnesses);
            signer.Begin();
            if (await signer.CatchUpAsync(ct) is { } fault) throw Broken(published.Head.Origin, fault);
        }
    }

    private LogBrokenException Broken(string origin, LedgerFault fault)
    {
        NotServed(log, origin, fault.Code, fault.Reason);
        return new LogBrokenException(origin, fault);
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "Nothing is served: {Origin} is not what was published of it. {Reason} ({Code}) docs/operations.md says what to do.")]
    private static partial void NotServed(ILogger logger, string origin, string code, string reason);
}

/// <summary>A stored log is not what was published of it. Trying again does not help.</summary>
public sealed class LogBrokenException(string origin, LedgerFault fault) : Exception($"{origin} is not what was published of it: {fault.Reason} ({fault.Code})")
{
    public LedgerFault Fault { get; } = fault;
}
