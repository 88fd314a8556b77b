using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Receipting;

/// <summary>The receipt for any entry of the caller's own tenant, at any time after.</summary>
public static class ReadReceipt
{
    /// <summary>Whoever lost theirs asks soon after the act.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static void Map(IEndpointRouteBuilder api) => api.MapGet("/v1/receipts/{position}", HandleAsync)
        .RequireScope(Scopes.ConsentWrite, Scopes.ConsentRead, Scopes.LedgerAudit)
        .Produces<string>(contentType: "text/plain").WithMetadata(KnownProblems.PositionUnknown, KnownProblems.CheckpointPending);

    private static async Task<IResult> HandleAsync(long position, Caller caller, IEventEngine engine, Receipts receipts, CancellationToken ct)
    {
        if (position < 0 || position >= (await engine.ReadTreeAsync(caller.Tenant, ct)).Size) return KnownProblems.PositionUnknown;
        var receipt = await receipts.FindAsync(caller.Tenant, position, position + 1, Patience, ct);
        return receipt is null ? KnownProblems.CheckpointPending : TypedResults.Text(receipt, "text/plain; charset=utf-8");
    }
}
