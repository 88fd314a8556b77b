using ConsentLedger.EventStore;
using ConsentLedger.Ledger;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.Transparency.Signing;

/// <summary>Before anything is served: every stored tree begins with what was published of it. A database that was restored from before, or put together by hand, is not served.</summary>
internal sealed partial class LogStart(IEventEngine engine, LogTree tree, Checkpoints checkpoints, LogKeys keys, Witnesses witnesses, ILogger<LogStart> log)
{
    private const int AtOnce = 8;

    /// <exception cref="LogBrokenException">One does not.</exception>
    public async Task CheckAsync(CancellationToken ct)
    {
        var all = await ReadAllAsync(ct);
        foreach (var (tenant, published) in all)
        {
            var signer = new TenantSigner(tenant, engine, tree, checkpoints, keys, witnesses);
            signer.Begin();
            if (await CatchUpAsync(signer, ct) is { } fault) throw Broken(published.Head.Origin, fault);
        }

        // A database that was put back as a whole agrees with itself. Only somebody outside knows better.
        if (witnesses.Count == 0) return;
        var tenants = all.Keys.Union((await engine.ReadHeadsAsync(ct)).Keys);
        await Parallel.ForEachAsync(tenants, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct }, async (tenant, ct) => await AskWitnessesAsync(tenant, all.GetValueOrDefault(tenant), ct));
    }

    private async Task<IReadOnlyDictionary<TenantId, SignedCheckpoint>> ReadAllAsync(CancellationToken ct)
    {
        try
        {
            return await checkpoints.ReadAllAsync(ct);
        }
        catch (InvalidDataException)
        {
            throw Broken("A log", TenantSigner.Unreadable);
        }
    }

    private static async Task<LedgerFault?> CatchUpAsync(TenantSigner signer, CancellationToken ct)
    {
        try
        {
            return await signer.CatchUpAsync(ct);
        }
        catch (InvalidDataException)
        {
            return TenantSigner.Unreadable;
        }
    }

    private async Task AskWitnessesAsync(TenantId tenant, SignedCheckpoint? published, CancellationToken ct)
    {
        var (origin, shown) = (keys.OriginOf(tenant), Shown(tenant, published));
        var asked = await witnesses.ShowAgainAsync(shown, ct);
        if (asked.FindFault((await engine.ReadTreeAsync(tenant, ct)).Size) is { } fault) throw Broken(origin, fault);

        // Refusing to serve while witnesses are away would give them the service's availability; what they know is found out with the next checkpoint.
        if (asked.Answers.All(a => a.Known is null)) NotAsked(log, origin);
    }

    /// <summary>What was published last. Where nothing was, a tree without leaves, which every tree begins with: nothing is signed here that was not recomputed.</summary>
    private Note Shown(TenantId tenant, SignedCheckpoint? published) =>
        published is not null && Note.TryParse(published.Note, out var note, out _) ? note : keys.Sign(tenant, new Checkpoint(keys.OriginOf(tenant), 0, TreeHash.EmptyRoot));

    private LogBrokenException Broken(string origin, LedgerFault fault)
    {
        NotServed(log, origin, fault.Code, fault.Reason);
        return new LogBrokenException(origin, fault);
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "Nothing is served: {Origin} is not what was published of it. {Reason} ({Code}) docs/operations.md says what to do.")]
    private static partial void NotServed(ILogger logger, string origin, string code, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No witness says how much of {Origin} it has seen. It is served all the same: that it is not a database restored from before is not known until one answers.")]
    private static partial void NotAsked(ILogger logger, string origin);
}

/// <summary>A stored log is not what was published of it. Trying again does not help.</summary>
public sealed class LogBrokenException(string origin, LedgerFault fault) : Exception($"{origin} is not what was published of it: {fault.Reason} ({fault.Code})")
{
    public LedgerFault Fault { get; } = fault;
}
