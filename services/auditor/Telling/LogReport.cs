using System.Globalization;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Telling;

/// <summary>What was found of a whole log, in words and for machines.</summary>
internal static class LogReport
{
    /// <summary>For what could not even be begun.</summary>
    public static Report Of(Fault fault) => new(false, [$"WRONG  {fault}"], new { faults = (Fault[])[fault], faultCount = 1 });

    public static Report Of(LogFindings found, Checking checking, TimeSpan took)
    {
        var (head, findings) = (found.Head.Head, found.Findings);
        var rate = took > TimeSpan.Zero ? (long)(head.Size / took.TotalSeconds) : 0;
        var lines = new List<string>
        {
            $"origin     {head.Origin}",
            Invariant($"entries    {head.Size}"),
            $"root       {head.Root.ToBase64()}",
        };
        lines.AddRange(found.Head.Witnessed.Select(Line));
        if (checking.Entries == EntryReading.Ledger)
        {
            lines.Add(Invariant($"streams    {found.Streams.Streams}, keys {found.Streams.Keys}"));
            lines.Add(Invariant($"erasures   {found.Streams.Erasures}, open {found.Streams.ErasuresOpen}, longest {found.Streams.LongestErasureDays:0.##} days"));
            if (checking.HasFacts) lines.Add(Invariant($"purged     {found.Purged} facts"));
        }

        lines.Add(Invariant($"took       {took.TotalSeconds:0.0} s, {rate} entries/s{(found.Passes > 1 ? Invariant($", read {found.Passes} times") : "")}"));
        lines.AddRange(findings.Remarks.Select(remark => $"REMARK {remark}"));
        lines.AddRange(findings.Faults.Select(fault => $"WRONG  {fault}"));
        if (findings.Count > findings.Faults.Count) lines.Add(Invariant($"WRONG  and {findings.Count - findings.Faults.Count} more"));
        lines.Add(findings.Any ? Invariant($"NOT VERIFIED: {findings.Count} faults") : Said(checking));
        return new Report(!findings.Any, lines, new
        {
            head.Origin,
            head.Size,
            root = head.Root.ToBase64(),
            witnesses = WitnessesOf(found.Head),
            entries = checking.Entries,
            facts = checking.HasFacts,
            purgedFacts = checking.HasFacts ? found.Purged : (long?)null,
            types = checking.Entries == EntryReading.Ledger ? found.Types.Skip(1).Select((count, i) => (Type: (EntryType)(i + 1), Count: count)).ToDictionary(t => t.Type.ToString(), t => t.Count) : null,
            streams = checking.Entries == EntryReading.Ledger ? found.Streams.Streams : (long?)null,
            erasures = checking.Entries == EntryReading.Ledger ? new { count = found.Streams.Erasures, open = found.Streams.ErasuresOpen, longestDays = found.Streams.LongestErasureDays } : null,
            seconds = took.TotalSeconds,
            found.Passes,
            findings.Remarks,
            findings.Faults,
            faultCount = findings.Count,
        });
    }

    /// <summary>For a checkpoint by itself.</summary>
    public static Report OfHead(TrustedCheckpoint head, string said, bool holds = true) => new(
        holds,
        [
            $"origin     {head.Head.Origin}",
            Invariant($"entries    {head.Head.Size}"),
            $"root       {head.Head.Root.ToBase64()}",
            .. head.Witnessed.Select(Line),
            said,
        ],
        new { head.Head.Origin, head.Head.Size, root = head.Head.Root.ToBase64(), witnesses = WitnessesOf(head) });

    public static string Line(Ledger.Witnessing witness) => Invariant($"witness    {witness.Witness.Name} {witness.At:yyyy-MM-dd'T'HH:mm:ss'Z'}");

    public static object WitnessesOf(TrustedCheckpoint head) => head.Witnessed.Select(w => new { w.Witness.Name, w.At }).ToList();

    private static string Said(Checking checking) => checking switch
    {
        { Entries: EntryReading.None } => "VERIFIED: signature, leaves, tiles and root",
        { Entries: EntryReading.Any } => "VERIFIED: signature, entries, tiles and root",
        { Facts: false } => "VERIFIED: signature, entries, tiles, root and streams; no facts were there to check",
        _ => "VERIFIED: signature, entries, tiles, root, streams and facts",
    };

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
