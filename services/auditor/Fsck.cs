using System.CommandLine;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Auditor.Verifying;

namespace ConsentLedger.Auditor;

/// <summary><c>ledger fsck</c>: as <c>verify</c>, of a running service, keeping nothing.</summary>
internal static class Fsck
{
    public static Command Verb(Surroundings surroundings)
    {
        var (remote, trust, checks) = (new RemoteOptions(surroundings), new TrustOptions(), new CheckingOptions());
        var verb = new Verb(
            "fsck", "Recomputes the whole log of a running service, and keeps no file.", surroundings,
            "ledger fsck https://ledger.example --tenant quintus --token-file auditor.token --key log.key");
        remote.AddTo(verb);
        trust.AddTo(verb);
        checks.AddTo(verb);
        return verb.Runs(async (parsed, ct) =>
        {
            var policy = await trust.ReadAsync(parsed, ct);
            var (checking, older) = (checks.Read(parsed, surroundings.Clock), await checks.ReadOlderAsync(parsed, policy, ct));
            using var client = RemoteOptions.NewClient();
            var log = await remote.OpenLogAsync(parsed, client, ct);
            var (_, head, fault) = await remote.ReadHeadAsync(parsed, log, policy, ct);
            if (head is null) return LogReport.Of(fault!);
            var started = surroundings.Clock.GetTimestamp();
            var findings = await surroundings.WatchAsync("Recomputing", progress => new LogVerifier(log, checking).RunAsync(head, older, progress, ct));
            return LogReport.Of(findings, checking, surroundings.Clock.GetElapsedTime(started));
        });
    }
}
