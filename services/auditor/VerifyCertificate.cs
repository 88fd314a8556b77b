using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Auditor.Verifying;

namespace ConsentLedger.Auditor;

/// <summary><c>ledger verify-certificate</c>: what became of one person's request, offline, by somebody who was never told who the person is.</summary>
internal static class VerifyCertificate
{
    public static Command Verb(Surroundings surroundings)
    {
        var path = new Argument<string>("FILE") { Description = "A certificate of a request, as the erasure service gives it out (JSON)." };
        var request = new Option<Guid?>("--request") { Description = "Which request it has to be of.", HelpName = "ID" };
        var subject = new Option<Guid?>("--subject") { Description = "Whose it has to be.", HelpName = "ID" };
        var trust = new TrustOptions();
        var verb = new Verb(
            "verify-certificate", "Checks the certificate of an erasure, or of another request, offline.", surroundings,
            "ledger verify-certificate certificate.json --key erasure-log.key",
            "ledger verify-certificate certificate.json --request 018f0000-0000-7000-8000-000000000001 --key erasure-log.key --key witness.key",
            "ledger verify-certificate certificate.json --policy trusted.policy --json")
        {
            path,
            request,
            subject,
        };
        trust.AddTo(verb);
        return verb.Runs(async (parsed, ct) =>
        {
            var policy = await trust.ReadAsync(parsed, ct);
            var file = parsed.GetRequiredValue(path);
            if (new FileInfo(file) is { Exists: true, Length: > ErasureCertificate.MaxLength }) throw new UnansweredException("content_unknown", $"{file} is larger than any certificate.");
            var bytes = await File.ReadAllBytesAsync(file, ct);
            return ReportOf(new CertificateVerifier(policy, parsed.GetValue(request), parsed.GetValue(subject)).Run(bytes));
        });
    }

    private static Report ReportOf(CertificateFindings found)
    {
        var findings = found.Findings;
        var lines = new List<string>();
        if (found.Certificate is { Certificate: var stated } && !findings.Any)
        {
            lines.Add($"origin     {stated.GetProperty("origin").GetString()}");
            lines.Add($"request    {stated.GetProperty("request").GetString()}, {stated.GetProperty("type").GetString()}");
            lines.Add($"subject    {stated.GetProperty("subject").GetString()}");
            lines.Add($"received   {stated.GetProperty("receivedAt").GetString()}");
            lines.Add($"completed  {stated.GetProperty("completedAt").GetString()}, {stated.GetProperty("outcome").GetString()}");
            lines.Add($"due        {stated.GetProperty("dueOn").GetString()}, {(stated.GetProperty("inTime").GetBoolean() ? "in time" : "TOO LATE")}");
            lines.AddRange(stated.GetProperty("systems").EnumerateArray().Select(s => $"system     {Text(s, "system")}: {Text(s, "outcome")}{(Text(s, "reason") is { } why ? $" ({why})" : "")}, {Text(s, "at")}{Contradictions(s)}"));
            lines.AddRange(stated.GetProperty("kept").EnumerateArray().Select(k => $"kept       {Text(k, "system") ?? "by the controller"}: {Text(k, "reason")}{(Text(k, "purpose") is { } what ? $" ({what})" : "")}"));
        }

        if (found.Withheld > 0) lines.Add(string.Create(CultureInfo.InvariantCulture, $"withheld   {found.Withheld} entries without their facts, said to be of other requests of this person"));
        if (found.Head is { } head) lines.AddRange(head.Witnessed.Select(LogReport.Line));
        lines.AddRange(findings.Faults.Select(fault => $"WRONG  {fault}"));
        lines.Add(findings.Any
            ? string.Create(CultureInfo.InvariantCulture, $"NOT VERIFIED: {findings.Count} faults")
            : "VERIFIED: the log's key signed it, its end is in the log, and it states what the log's entries say");
        return new Report(!findings.Any, lines, new
        {
            // What is not verified is not repeated as if it were.
            certificate = findings.Any ? (JsonElement?)null : found.Certificate?.Certificate,
            found.Withheld,
            size = found.Head?.Head.Size,
            witnesses = found.Head is { } trusted ? LogReport.WitnessesOf(trusted) : null,
            findings.Faults,
            faultCount = findings.Count,
        });
    }

    private static string Contradictions(JsonElement row) => row.TryGetProperty("contradictions", out var others)
        ? string.Concat(others.EnumerateArray().Select(o => $"; AND THEN {Text(o, "outcome")}{(Text(o, "reason") is { } why ? $" ({why})" : "")}, {Text(o, "at")}"))
        : "";

    private static string? Text(JsonElement row, string member) => CertifiedStory.TextOf(row, member);
}
