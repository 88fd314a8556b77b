namespace ConsentLedger.Ledger;

/// <summary>What a key signs and how (C2SP signed-note, signature types). Others are assigned; their signatures are passed over, as of unknown keys.</summary>
public enum SignatureType : byte
{
    /// <summary>Ed25519 over a note's text.</summary>
    Ed25519 = 0x01,

    /// <summary>Ed25519 over a time and a checkpoint (C2SP tlog-cosignature).</summary>
    CosignatureV1 = 0x04,
}
