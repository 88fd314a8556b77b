using System.CommandLine;
using System.Globalization;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor;

/// <summary><c>ledger export</c>: brings a log, or one subject's bundle, into files, and verifies while it does.</summary>
internal static class Export
{
    public static Command Verb(Surroundings surroundings)
    {
        var to = new Option<string>("--to") { Description = "The folder of the log, or the file of the bundle. What a folder has is not fetched again.", HelpName = "PATH", Required = true };
        var subject = new Option<Guid?>("--subject") { Description = "Only this subject's bundle (scope consent:audit). That it was read is recorded.", HelpName = "ID" };
        var disclose = new Option<bool>("--disclose") { Description = "With what opens each of the subject's events (scope consent:disclose)." };
        var (remote, trust, checks) = (new RemoteOptions(surroundings), new TrustOptions(), new CheckingOptions());
        var verb = new Verb(
            "export", "Brings a log, or one subject's bundle, into files, and verifies while it does.", surroundings,
            "ledger export https://ledger.example --tenant quintus --token-file auditor.token --key log.key --to quintus/",
            "ledger export https://ledger.example --tenant quintus --subject 018f0000-0000-7000-8000-000000000001 --token-file auditor.token --key log.key --to subject.json");
        remote.AddTo(verb);
        foreach (var option in (Option[])[to, subject, disclose]) verb.Options.Add(option);
        trust.AddTo(verb);
        checks.AddTo(verb);
        return verb.Runs(async (parsed, ct) =>
        {
            var (policy, target, checking) = (await trust.ReadAsync(parsed, ct), parsed.GetRequiredValue(to), checks.Read(parsed, surroundings.Clock));
            var older = await checks.ReadOlderAsync(parsed, policy, ct);
            using var client = RemoteOptions.NewClient();
            var log = await remote.OpenLogAsync(parsed, client, ct);
            if (parsed.GetValue(subject) is { } id)
            {
                var bundle = await (await remote.OpenServiceAsync(parsed, client, ct)).GetAsync($"v1/subjects/{id:D}/export{(parsed.GetValue(disclose) ? "?disclose=true" : "")}", ct);
                await File.WriteAllBytesAsync(target, bundle, ct);
                var found = new BundleVerifier(policy, checking, id).Run(bundle);
                if (found.Head is { } head)
                {
                    if (remote.FindOther(parsed, policy, head) is { } other) found.Findings.Add(other);
                    foreach (var checkpoint in older)
                        if (await Since.FindAsync(log, checkpoint, head.Head, ct) is { } wrong) found.Findings.Add(wrong);
                }

                return BundleReport.Of(found);
            }

            var (bytes, newest, fault) = await remote.ReadHeadAsync(parsed, log, policy, ct);
            return newest is null ? LogReport.Of(fault!) : await LogAsync(log, bytes, newest, target, policy, checking, older, surroundings, ct);
        });
    }

    /// <summary>Brings a whole log into a folder, and keeps its checkpoint once all of it is verified.</summary>
    public static async Task<Report> LogAsync(
        HttpFiles log, byte[] bytes, TrustedCheckpoint head, string folder, TrustPolicy policy, Checking checking, IReadOnlyList<Checkpoint> older, Surroundings surroundings, CancellationToken ct)
    {
        // What was exported last time is what this log has to begin with.
        var kept = Path.Combine(folder, LogFiles.Checkpoint);
        if (File.Exists(kept)) older = [.. older, CheckingOptions.Open(await File.ReadAllBytesAsync(kept, ct), policy, kept)];
        var files = new MirroredFiles(log, folder);
        Directory.CreateDirectory(folder);
        var started = surroundings.Clock.GetTimestamp();
        var findings = await surroundings.WatchAsync("Exporting", progress => new LogVerifier(files, checking).RunAsync(head, older, progress, ct));

        // A folder has a checkpoint once all of its tree is there and verified; until then it is the one before, if any.
        await files.WriteAsync(findings.Findings.Any ? MirroredFiles.Refused : LogFiles.Checkpoint, bytes, ct);
        if (!findings.Findings.Any)
        {
            File.Delete(Path.Combine(folder, MirroredFiles.Refused));
            files.RemoveOutgrown(head.Head.Size);
        }

        var report = LogReport.Of(findings, checking, surroundings.Clock.GetElapsedTime(started));
        return report with { Lines = [string.Create(CultureInfo.InvariantCulture, $"fetched    {files.Downloaded} files"), .. report.Lines] };
    }
}
