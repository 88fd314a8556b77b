namespace ConsentLedger.Ledger;

/// <summary>What an entry commits to. The octet is stored, and bound into sealed envelopes.</summary>
public enum EntryType : byte
{
    Event = 1,
    KeyCreated = 2,

    /// <summary>The fence: nothing comes after it under the same key but <see cref="KeyDestroyed"/> and <see cref="ContentsPurged"/>.</summary>
    ErasureRequested = 3,

    KeyDestroyed = 4,
    ContentsPurged = 5,
    Configuration = 6,
}
