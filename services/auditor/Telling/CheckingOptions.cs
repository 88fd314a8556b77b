using System.CommandLine;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Telling;

/// <summary>How a log is checked; the same for a folder and for a running service.</summary>
internal sealed class CheckingOptions
{
    private readonly Option<string[]> _since = new("--since")
    {
        Description = "An older checkpoint of the same log: the log has to begin with all of that tree. May be repeated.",
        HelpName = "CHECKPOINT",
    };

    private readonly Option<EntryReading> _entries = new("--entries")
    {
        Description = "ledger: a consent ledger's entries. any: those of any other log, whose tree alone is checked. none: there are none, the tree begins with its leaves.",
        DefaultValueFactory = _ => EntryReading.Ledger,
    };

    private readonly Option<bool> _noFacts = new("--no-facts") { Description = "There are no facts to hold against the entries." };

    private readonly Option<int> _erasureWithin = new("--erasure-within")
    {
        Description = "In how many days an erasure has to end.",
        HelpName = "DAYS",
        DefaultValueFactory = _ => Checking.DefaultErasureDays,
    };

    private readonly Option<int> _memory = new("--memory")
    {
        Description = "What may be remembered of streams, in MiB; where that is not enough the log is read more than once.",
        HelpName = "MIB",
        DefaultValueFactory = _ => Checking.DefaultMemoryMiB,
    };

    private readonly Option<int> _faults = new("--faults") { Description = "How many faults are told. All are counted.", HelpName = "COUNT", DefaultValueFactory = _ => Checking.DefaultFaultLimit };

    /// <summary>Nothing may be left out: the verb needs a consent ledger's entries and their facts.</summary>
    public bool IsWhole { get; init; }

    public void AddTo(Command verb)
    {
        foreach (var option in (Option[])[_since, .. IsWhole ? (Option[])[] : [_entries, _noFacts], _erasureWithin, _memory, _faults]) verb.Options.Add(option);
        foreach (var number in (Option<int>[])[_erasureWithin, _memory, _faults])
        {
            number.Validators.Add(given =>
            {
                if (given.GetValueOrDefault<int>() < 1) given.AddError($"{number.Name} is a number from 1 on.");
            });
        }
    }

    public Checking Read(ParseResult parsed) => new(
        parsed.GetValue(_entries), !parsed.GetValue(_noFacts), parsed.GetValue(_erasureWithin), parsed.GetValue(_memory) * 1024L * 1024, parsed.GetValue(_faults));

    /// <summary>Of a running service: a log to which nothing is added any more does not stop the time that an erasure has.</summary>
    public Checking Read(ParseResult parsed, TimeProvider clock) => Read(parsed) with { AskedMs = clock.GetUtcNow().ToUnixTimeMilliseconds() };

    /// <summary>Only the log's own signature is asked for: the witnesses of that time may be others.</summary>
    public async Task<IReadOnlyList<Checkpoint>> ReadOlderAsync(ParseResult parsed, TrustPolicy policy, CancellationToken ct)
    {
        var older = new List<Checkpoint>();
        foreach (var file in parsed.GetValue(_since) ?? []) older.Add(Open(await File.ReadAllBytesAsync(file, ct), policy, file));
        return older;
    }

    public static Checkpoint Open(ReadOnlySpan<byte> bytes, TrustPolicy policy, string file) =>
        (policy with { Quorum = new Quorum.None() }).TryOpen(bytes, out var opened, out var fault)
            ? opened.Head
            : throw new UnansweredException(fault.Code, $"{file} is not a checkpoint to compare with: {fault.Reason}");
}
