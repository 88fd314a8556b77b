using System.CommandLine;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Ledger;

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
            if (older is not null && await CompareAsync(log, older, head.Head, ct) is { } wrong)
            {
                // Two signed stories of one log: whoever has both can show it.
                var other = $"{file}.conflicting";
                await File.WriteAllBytesAsync(other, bytes, ct);
                return LogReport.Of(wrong with { File = other });
            }

            await File.WriteAllBytesAsync(file, bytes, ct);
            return LogReport.OfHead(head, older is null ? "KEPT: there was none to compare it with" : $"KEPT: the log begins with all {older.Size} entries of the one before");
        });
    }

    private static async Task<Fault?> CompareAsync(LogFiles log, Checkpoint older, Checkpoint head, CancellationToken ct)
    {
        if (older.Origin != head.Origin) return new Fault("since_origin", "The checkpoint kept is another log's.");
        if (older.Size > head.Size) return new Fault("since_larger", $"The checkpoint kept has {older.Size} entries and this one {head.Size}: the log was rolled back.");
        if (older.Size == 0) return older.Root == TreeHash.EmptyRoot ? null : new Fault("since_mismatch", "The checkpoint kept is of an empty tree, and its root is not.");
        var proof = await log.ProveAsync(head.Size, nodes => ConsistencyProof.Prove(older.Size, head.Size, nodes), ct);
        return ConsistencyProof.Verify(older.Size, older.Root, head.Size, head.Root, proof, out var fault) ? null
            : new Fault("since_mismatch", $"The log does not begin with the {older.Size} entries it was signed for before, or its tiles are not its tree's. {fault.Reason}");
    }
}
