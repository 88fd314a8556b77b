using ConsentLedger.Auditor.Reading;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Tests.Logs;

internal static class Checks
{
    /// <summary>What an auditor finds who was given these files and believes one key.</summary>
    public static async Task<IReadOnlyList<Fault>> FindAsync(this IReadOnlyDictionary<string, byte[]> files, TrustPolicy policy, Checking? checking = null, params IEnumerable<Note> since)
    {
        if (!policy.TryOpen(files[LogFiles.Checkpoint], out var head, out var fault)) return [Fault.Of(fault) with { File = LogFiles.Checkpoint }];
        var findings = await new LogVerifier(new FilesInMemory(files), checking ?? Checking.Usual).RunAsync(head, [.. since.Select(Open)], new Progress<Progressed>(), default);
        return findings.Findings.Faults;
    }

    public static Task<IReadOnlyList<Fault>> FindAsync(this SignedLog log, Checking? checking = null, params IEnumerable<Note> since) => log.ToFiles().FindAsync(log.Policy, checking, since);

    /// <summary>A change that its author did not sign for.</summary>
    public static Dictionary<string, byte[]> With(this Dictionary<string, byte[]> files, string path, Func<byte[], byte[]> change)
    {
        files[path] = change(files[path]);
        return files;
    }

    private static Checkpoint Open(Note note) => Checkpoint.TryParse(note.Text.Span, out var head, out var fault) ? head : throw new InvalidOperationException(fault.Reason);
}
