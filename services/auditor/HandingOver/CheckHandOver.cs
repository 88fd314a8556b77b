using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.HandingOver;

/// <summary><c>ledger hand-over check</c>: what the successor does before anything is paid, offline.</summary>
internal static class CheckHandOver
{
    public static Command Verb(Surroundings surroundings)
    {
        var folder = new Argument<string>("FOLDER") { Description = "What ledger hand-over fetch has brought." };
        var privateKey = new Option<string>("--private-key") { Description = "The successor's RSA private key in PEM, without a password.", HelpName = "FILE", Required = true };
        var (trust, checks) = (new TrustOptions(), new CheckingOptions { IsWhole = true });
        var verb = new Verb(
            "check", "Verifies the log, and that every living person's key and every envelope is there, opens, and is what the log commits to.", surroundings,
            "ledger hand-over check quintus/ --private-key successor.pem --key log.key --since last-year.checkpoint")
        {
            Under = HandOverCommand.Name,
        };
        verb.Arguments.Add(folder);
        verb.Options.Add(privateKey);
        trust.AddTo(verb);
        checks.AddTo(verb);
        return verb.Runs(async (parsed, ct) =>
        {
            var (policy, checking) = (await trust.ReadAsync(parsed, ct), checks.Read(parsed));
            using var successor = await ReadPrivateKeyAsync(parsed.GetRequiredValue(privateKey), ct);
            return await CheckAsync(parsed.GetRequiredValue(folder), successor, policy, checking, await checks.ReadOlderAsync(parsed, policy, ct), surroundings, ct);
        });
    }

    private static async Task<Report> CheckAsync(
        string folder, RSA successor, TrustPolicy policy, Checking checking, IReadOnlyList<Checkpoint> older, Surroundings surroundings, CancellationToken ct)
    {
        var (path, files) = (Path.Combine(folder, HandOverCommand.File), new FolderFiles(Path.Combine(folder, HandOverCommand.Log)));
        using var bytes = await files.ReadAsync(LogFiles.Checkpoint, ct);
        if (bytes is null || !File.Exists(path)) throw new UnansweredException("export_incomplete", $"The folder has no {HandOverCommand.Log}/{LogFiles.Checkpoint} or no {HandOverCommand.File}, so it is no hand-over that was fetched to its end.");
        if (!policy.TryOpen(bytes.Span, out var head, out var fault)) return LogReport.Of(Fault.Of(fault) with { File = LogFiles.Checkpoint });
        var (begun, handed, wrong) = Begin(path, policy, head);
        if (handed is not null) older = [.. older, handed];

        var started = surroundings.Clock.GetTimestamp();
        var log = await surroundings.WatchAsync("Verifying the log", progress => new LogVerifier(files, checking).RunAsync(head, older, progress, ct));
        var report = LogReport.Of(log, checking, surroundings.Clock.GetElapsedTime(started));
        if (begun is null || handed is null) return Join(report, LogReport.Of(wrong!));

        var verifier = new HandOverVerifier(path, files, head.Head.Size, log.Findings.Any ? null : head.Head.Root, successor, checking);
        return Join(report, Of(await surroundings.WatchAsync("Opening what was handed over", progress => verifier.RunAsync(begun, handed.Size, progress, ct))));
    }

    /// <summary>The file's first line, and the checkpoint in it: the log has to begin with all of that tree.</summary>
    public static (Consent.HandingOver.HandOverHead? Begun, Checkpoint? Handed, Fault? Fault) Begin(string file, TrustPolicy policy, TrustedCheckpoint log)
    {
        var name = $"{HandOverCommand.File}:1";
        using var lines = new HandOverLines(file);
        if (!lines.TryReadHead(out var begun)) return (null, null, lines.Fault! with { File = name });

        // The witnesses of that moment may be others than those of the log's newest checkpoint.
        if (!(policy with { Quorum = new Quorum.None() }).TryOpen(Encoding.UTF8.GetBytes(begun.Checkpoint), out var head, out var fault)) return (begun, null, Fault.Of(fault) with { File = name });
        return begun.Origin == head.Head.Origin && begun.Origin == log.Head.Origin
            ? (begun, head.Head, null)
            : (begun, null, new Fault("handover_other_log", $"The hand-over names another log than its checkpoint, which is of {head.Head.Origin}, or than the one here, which is {log.Head.Origin}.") { File = name });
    }

    private static Report Of(HandOverFindings found)
    {
        var findings = found.Findings;
        var lines = new List<string>
        {
            Invariant($"handed to  {found.Head.Successor}, as recorded at position {found.Head.Position}, up to entry {found.Size}"),
            Invariant($"keys       {found.End?.Keys ?? 0}"),
            Invariant($"envelopes  {found.End?.Envelopes ?? 0}, opened {found.Totals.Opened}"),
            Invariant($"erased     {found.Totals.ErasedBefore} before, {found.Totals.ErasedSince} since{(found.Passes > 1 ? Invariant($"; read {found.Passes} times") : "")}"),
        };
        lines.AddRange(findings.Remarks.Select(remark => $"REMARK {remark}"));
        lines.AddRange(findings.Faults.Select(fault => $"WRONG  {fault}"));
        if (findings.Count > findings.Faults.Count) lines.Add(Invariant($"WRONG  and {findings.Count - findings.Faults.Count} more"));
        lines.Add(findings.Any ? Invariant($"NOT VERIFIED: {findings.Count} faults in what was handed over") : "VERIFIED: every living person's key and every envelope is there, opens, and is what the log commits to");
        return new Report(!findings.Any, lines, new
        {
            found.Head.Successor,
            found.Head.Position,
            found.Size,
            keys = found.End?.Keys,
            envelopes = found.End?.Envelopes,
            found.Totals.Opened,
            found.Totals.ErasedBefore,
            found.Totals.ErasedSince,
            found.Passes,
            findings.Remarks,
            findings.Faults,
            faultCount = findings.Count,
        });
    }

    public static Report Join(Report log, Report handed) => new(log.Holds && handed.Holds, [.. log.Lines, .. handed.Lines], new { log = log.Machine, handedOver = handed.Machine });

    private static async Task<RSA> ReadPrivateKeyAsync(string file, CancellationToken ct)
    {
        var key = RSA.Create();
        try
        {
            key.ImportFromPem(await File.ReadAllTextAsync(file, ct));

            // A public key alone would open nothing, and say so of the file.
            key.ExportParameters(includePrivateParameters: true);
            return key;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new UnansweredException("private_key_invalid", $"{file} holds no RSA private key in PEM without a password.", e);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
