using System.Text;
using ConsentLedger.Ledger;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Transparency;

namespace ConsentLedger.Consent.Receipting;

/// <summary>Proofs that hold offline, for whoever acted: the entry, the way up to the root, and the signed checkpoint with that root.</summary>
public sealed partial class Receipts(IEventEngine engine, Checkpoints checkpoints, LogTree tree, TimeProvider clock, ILogger<Receipts> log)
{
    /// <summary>The receipt for the entry at this position, once a checkpoint covers it; null when that takes longer than <paramref name="atMost"/>.</summary>
    /// <param name="size">What the checkpoint has to cover, in entries; beyond <paramref name="position"/>, and up to the tenant's head.</param>
    public async Task<string?> FindAsync(TenantId tenant, long position, long size, TimeSpan atMost, CancellationToken ct)
    {
        if (await checkpoints.WaitForAsync(tenant, size, atMost, ct) is not { } checkpoint) return null;
        var entry = (await engine.ReadEntriesAsync(tenant, position, 1, ct)).Single();
        var proof = await tree.ProveInclusionAsync(tenant, position, checkpoint.Head.Size, ct);
        return Encoding.UTF8.GetString(new LogProof(position, entry.Bytes, proof, checkpoint.Note).ToBytes());
    }

    /// <summary>The answer to an act, with the receipt for its first event where the caller prefers one.</summary>
    public async Task<IResult> AnswerAsync(Outcome outcome, ReceiptPreference preference, TenantId tenant, CancellationToken ct) =>
        outcome.ToResult(receipt: outcome is Outcome.Recorded recorded && preference.Wait is { } wait ? await TryFindAsync(recorded, tenant, wait, ct) : null);

    // The act is recorded, and says so whatever becomes of its receipt, which can be had later.
    private async Task<string?> TryFindAsync(Outcome.Recorded recorded, TenantId tenant, TimeSpan wait, CancellationToken ct)
    {
        try
        {
            return await FindAsync(tenant, recorded.Position, recorded.Position + recorded.Events, wait, ct).WaitAsync(wait, clock, ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            if (e is not TimeoutException) NotGiven(log, e);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An act was answered without the receipt that was asked for.")]
    private static partial void NotGiven(ILogger logger, Exception e);
}
