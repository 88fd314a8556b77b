namespace ConsentLedger.Auditor.Verifying;

/// <summary>What is asked of a verification.</summary>
/// <param name="Facts">Whether there are facts to hold against the entries.</param>
/// <param name="ErasureDays">How long it may be from the fence (type 3) to the key's end (type 4).</param>
/// <param name="Memory">In bytes, for what is remembered of streams; where they do not fit, the log is read again for the rest.</param>
/// <param name="FaultLimit">How many faults are told; all are counted.</param>
internal sealed record Checking(EntryReading Entries, bool Facts, int ErasureDays, long Memory, int FaultLimit)
{
    public const int DefaultErasureDays = 30, DefaultMemoryMiB = 256, DefaultFaultLimit = 100;

    /// <summary>When a running service was asked. 0 for files, which say the same whenever they are read.</summary>
    public long AskedMs { get; init; }

    public static Checking Usual { get; } = new(EntryReading.Ledger, true, DefaultErasureDays, DefaultMemoryMiB * 1024L * 1024, DefaultFaultLimit);

    public bool HasFacts => Facts && Entries == EntryReading.Ledger;
}

/// <summary>What the entries of a log are.</summary>
internal enum EntryReading
{
    /// <summary>A consent ledger's: each is decoded, and so is what it says of its stream.</summary>
    Ledger,

    /// <summary>Bytes with leaves: any log of C2SP tlog-tiles.</summary>
    Any,

    /// <summary>There are none: the tree begins with its leaves.</summary>
    None,
}
