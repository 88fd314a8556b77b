namespace ConsentLedger.Contracts;

// What every service tells of its log. Commitments only: nothing of an event can be read from them.

/// <summary>The log has grown, and what it has grown to is signed. Whoever keeps one of these can prove later that nothing before it was changed or left out.</summary>
/// <param name="Origin">The log: one a service and tenant.</param>
/// <param name="Size">In entries; those with a smaller position are in.</param>
/// <param name="Root">Base64 of 32 bytes (RFC 6962).</param>
/// <param name="Note">The signed note with its cosignatures (C2SP tlog-checkpoint), which is what to keep.</param>
public sealed record CheckpointSignedV1(string Origin, long Size, string Root, string Note)
{
    public const string Type = "ledger.checkpoint-signed.v1";
}
