namespace ConsentLedger.Ledger;

/// <summary>Which witnesses have to have cosigned (C2SP tlog-policy).</summary>
public abstract record Quorum
{
    private Quorum() { }

    public abstract bool IsMet(IReadOnlySet<VerifierKey> cosigned);

    /// <summary>The log alone is believed.</summary>
    public sealed record None : Quorum
    {
        public override bool IsMet(IReadOnlySet<VerifierKey> cosigned) => true;
    }

    public sealed record Witness(VerifierKey Key) : Quorum
    {
        public override bool IsMet(IReadOnlySet<VerifierKey> cosigned) => cosigned.Contains(Key);
    }

    /// <param name="Threshold">How many of the members it takes.</param>
    public sealed record Group(int Threshold, IReadOnlyList<Quorum> Members) : Quorum
    {
        public override bool IsMet(IReadOnlySet<VerifierKey> cosigned) => Members.Count(m => m.IsMet(cosigned)) >= Threshold;
    }
}
