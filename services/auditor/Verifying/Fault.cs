using System.Globalization;
using System.Text;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Verifying;

/// <summary>What is wrong, and where. Repeats nothing of a person's: a stream is a random id.</summary>
/// <param name="Code">Stable; docs/faults.md explains each.</param>
internal sealed record Fault(string Code, string Reason)
{
    /// <summary>Below what was checked, such as <c>tile/entries/000</c>.</summary>
    public string? File { get; init; }

    /// <summary>Of the entry, from 0; where several are concerned, of the first.</summary>
    public long? Position { get; init; }

    public Guid? Stream { get; init; }

    public long? Version { get; init; }

    public static Fault Of(LedgerFault fault) => new(fault.Code, fault.Reason);

    public Fault At(long position, in Entry entry) => this with { Position = position, Stream = entry.Stream, Version = entry.Version };

    public override string ToString()
    {
        var line = new StringBuilder(Code);
        if (File is not null) line.Append(' ').Append(File);
        if (Position is { } position) line.Append(CultureInfo.InvariantCulture, $" position {position}");
        if (Stream is { } stream) line.Append(CultureInfo.InvariantCulture, $" stream {stream:D}");
        if (Version is { } version) line.Append(CultureInfo.InvariantCulture, $" version {version}");
        return line.Append(": ").Append(Reason).ToString();
    }
}

/// <summary>Gathers faults: all are counted, the first ones kept.</summary>
/// <param name="limit">How many are kept.</param>
internal sealed class Findings(int limit)
{
    private readonly List<Fault> _faults = [];
    private readonly List<string> _remarks = [];

    public IReadOnlyList<Fault> Faults => _faults;

    /// <summary>What an auditor should know though nothing is wrong.</summary>
    public IReadOnlyList<string> Remarks => _remarks;

    public long Count { get; private set; }

    public bool Any => Count > 0;

    public void Add(Fault fault)
    {
        Count++;
        if (_faults.Count < limit) _faults.Add(fault);
    }

    public void Add(IEnumerable<Fault> faults)
    {
        foreach (var fault in faults) Add(fault);
    }

    /// <summary>Counts faults whose words were not kept.</summary>
    public void AddUntold(long count) => Count += count;

    public void Remark(string remark)
    {
        if (_remarks.Count < limit) _remarks.Add(remark);
    }
}
