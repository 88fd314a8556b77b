using ConsentLedger.Ledger;

namespace ConsentLedger.Transparency;

/// <summary>A tree's head and the note in which its log, and perhaps witnesses, signed it.</summary>
/// <param name="Note">Byte for byte as it is served.</param>
public sealed record SignedCheckpoint(Checkpoint Head, byte[] Note);
