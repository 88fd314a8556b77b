using System.Globalization;
using ConsentLedger.Auditor.Verifying;

namespace ConsentLedger.Auditor.Telling;

/// <summary>What was found of one subject's bundle, in words and for machines.</summary>
internal static class BundleReport
{
    public static Report Of(BundleFindings found)
    {
        var findings = found.Findings;
        var lines = new List<string>();

        // The checkpoint's, which somebody signed for; what the bundle calls itself is anybody's.
        if (found.Head is { } head) lines.Add($"origin     {head.Head.Origin}");
        if (found.Bundle is { } bundle)
        {
            lines.Add($"subject    {bundle.Subject}");
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"entries    {found.Entries.Count}, sealed {found.Sealed}, opened {found.Opened}"));
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"purged     {found.Purged} facts"));
        }

        lines.AddRange(findings.Remarks.Select(remark => $"REMARK {remark}"));
        lines.AddRange(findings.Faults.Select(fault => $"WRONG  {fault}"));
        lines.Add(findings.Any ? string.Create(CultureInfo.InvariantCulture, $"NOT VERIFIED: {findings.Count} faults") : "VERIFIED: every entry is in the log, none is missing before the last, and what is told is what was committed to");
        return new Report(!findings.Any, lines, new
        {
            found.Head?.Head.Origin,
            found.Bundle?.Subject,
            size = found.Head?.Head.Size,
            entries = found.Entries.Count,
            found.Sealed,
            found.Opened,
            purgedFacts = found.Purged,
            findings.Remarks,
            findings.Faults,
            faultCount = findings.Count,
        });
    }
}
