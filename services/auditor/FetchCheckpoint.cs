using System.CommandLine;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Auditor.Witnessing;

namespace ConsentLedger.Auditor;

/// <summary><c>ledger checkpoint</c>: what an auditor keeps, so that nobody can tell them another story later.</summary>
internal static class FetchCheckpoint
{
    public static Command Verb(Surroundings surroundings)
    {
        var to = new Option<string>("--to") { Description = "Where it is kept. A checkpoint that is there already is the older one: the log has to begin with all of its tree.", HelpName = "FILE", Required = true };
        var (remote, trust) = (new RemoteOptions(surroundings), new TrustOptions());
        var verb = new Verb(
            "checkpoint", "Fetches the newest checkpoint, holds it against the one kept, and keeps it.", surroundings,
            "ledger checkpoint https://ledger.example --tenant quintus --key log.key --to quintus.checkpoint");
        remote.AddTo(verb);
        verb.Options.Add(to);
        trust.AddTo(verb);
        return verb.Runs(async (parsed, ct) =>
        {
            var policy = await trust.ReadAsync(parsed, ct);
            var file = parsed.GetRequiredValue(to);
            using var client = RemoteOptions.NewClient();
            var log = await remote.OpenLogAsync(parsed, client, ct);
            var (bytes, head, fault) = await remote.ReadHeadAsync(parsed, log, policy, ct);
            if (head is null) return LogReport.Of(fault!);

            var older = File.Exists(file) ? CheckingOptions.Open(await File.ReadAllBytesAsync(file, ct), policy, file) : null;
            if (older is not null && await Since.FindAsync(log, older, head.Head, ct) is { } wrong)
            {
                // Two signed stories of one log: whoever has both can show it.
                var other = $"{file}.conflicting";
                Keep(other, bytes);
                return LogReport.Of(wrong with { File = other });
            }

            Keep(file, bytes);
            return LogReport.OfHead(head, older is null ? "KEPT: there was none to compare it with" : $"KEPT: the log begins with all {older.Size} entries of the one before");
        });
    }

    // Whoever has lost the older one can be told another story.
    private static void Keep(string file, byte[] bytes) => new DurableFolder(Path.GetDirectoryName(Path.GetFullPath(file))!).Replace(Path.GetFileName(file), bytes, ".part");
}
