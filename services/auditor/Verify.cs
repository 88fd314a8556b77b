using System.CommandLine;
using System.Globalization;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor;

/// <summary><c>ledger verify</c>: an export, a subject bundle, a receipt or a checkpoint, offline.</summary>
internal static class Verify
{
    public static Command Verb(Surroundings surroundings)
    {
        var path = new Argument<string>("PATH") { Description = "A log export (folder), a subject bundle, a receipt or a checkpoint: recognised by its content." };
        var entry = new Option<string?>("--entry") { Description = "The entry of a receipt that does not carry it.", HelpName = "FILE" };
        var subject = new Option<Guid?>("--subject") { Description = "Whose bundle it has to be; nothing but a bundle is taken then.", HelpName = "ID" };
        var trust = new TrustOptions();
        var checks = new CheckingOptions();
        var verb = new Verb(
            "verify", "Checks files, offline, down to the last byte.", surroundings,
            "ledger verify export/ --key log.key --since last-year.checkpoint",
            "ledger verify export/ --policy trusted.policy --json",
            "ledger verify subject.json --subject 018f0000-0000-7000-8000-000000000001 --key log.key",
            "ledger verify receipt.tlog-proof --key log.key --key witness.key")
        {
            path,
            entry,
            subject,
        };
        trust.AddTo(verb);
        checks.AddTo(verb);
        return verb.Runs(async (parsed, ct) =>
        {
            var policy = await trust.ReadAsync(parsed, ct);
            var checking = checks.Read(parsed);
            var what = parsed.GetRequiredValue(path);
            var whose = parsed.GetValue(subject);
            var older = await checks.ReadOlderAsync(parsed, policy, ct);
            if (Directory.Exists(what) && whose is null) return await ExportAsync(new FolderFiles(what), policy, checking, older, surroundings, ct);
            var bytes = Directory.Exists(what) ? [] : await ReadFileAsync(what, ct);
            return bytes switch
            {
                _ when IsBundle(bytes) => Bundle(new BundleVerifier(policy, checking, whose).Run(bytes), older),
                _ when whose is not null => throw new UnansweredException("content_unknown", $"{what} is no subject bundle, and --subject asks for one."),
                _ when bytes.AsSpan().StartsWith("c2sp.org/tlog-proof@"u8) => Receipt(bytes, parsed.GetValue(entry) is { } file ? await ReadFileAsync(file, ct) : null, policy, older),
                _ when Note.TryParse(bytes, out _, out var _) => Head(bytes, policy, older),
                _ => throw new UnansweredException("content_unknown", $"{what} is neither a folder nor a subject bundle, a receipt or a checkpoint."),
            };
        });
    }

    private static bool IsBundle(ReadOnlySpan<byte> bytes) => bytes.TrimStart(" \t\r\n"u8).StartsWith("{"u8);

    private static async Task<Report> ExportAsync(
        FolderFiles files, TrustPolicy policy, Checking checking, IReadOnlyList<Checkpoint> older, Surroundings surroundings, CancellationToken ct)
    {
        using var bytes = await files.ReadAsync(LogFiles.Checkpoint, ct) ?? throw new UnansweredException("export_incomplete", "The folder has no file named checkpoint, so it is no export of a log.");
        if (!policy.TryOpen(bytes.Span, out var head, out var fault)) return LogReport.Of(Fault.Of(fault) with { File = LogFiles.Checkpoint });
        var clock = surroundings.Clock;
        var started = clock.GetTimestamp();
        var findings = await surroundings.WatchAsync("Verifying", progress => new LogVerifier(files, checking).RunAsync(head, older, progress, ct));
        return LogReport.Of(findings, checking, clock.GetElapsedTime(started));
    }

    private static Report Bundle(BundleFindings found, IReadOnlyList<Checkpoint> older)
    {
        if (found is { Findings.Any: false, Head: { } head }) found.Findings.Add(Since.FindAll(older, head.Head));
        return BundleReport.Of(found);
    }

    private static Report Receipt(byte[] bytes, byte[]? given, TrustPolicy policy, IReadOnlyList<Checkpoint> older)
    {
        if (!LogProof.TryParse(bytes, out var proof, out var fault)) return LogReport.Of(Fault.Of(fault));
        if (given is null && proof.Extra.IsEmpty) throw new UnansweredException("entry_missing", "The receipt does not carry its entry: say --entry.");
        if (given is not null && !proof.Extra.IsEmpty && !proof.Extra.Span.SequenceEqual(given)) return LogReport.Of(new Fault("receipt_other_entry", "The receipt carries another entry than the one given."));
        var bytesOfEntry = given ?? proof.Extra.ToArray();
        if (!proof.TryVerify(TreeHash.Leaf(bytesOfEntry), policy, out var head, out fault)) return LogReport.Of(Fault.Of(fault) with { Position = proof.Index });
        if (Since.FindAll(older, head.Head) is [var since, ..]) return LogReport.Of(since);

        // Any log gives receipts; what a consent ledger's is about can be told.
        var known = Entry.TryDecode(bytesOfEntry, out var entry, out _);
        var lines = new List<string>
        {
            $"origin     {head.Head.Origin}",
            string.Create(CultureInfo.InvariantCulture, $"position   {proof.Index} of {head.Head.Size}"),
        };
        if (known) lines.Add(string.Create(CultureInfo.InvariantCulture, $"entry      {entry.Type}, stream {entry.Stream:D}, version {entry.Version}, recorded {Moment(entry.RecordedMs)}"));
        lines.AddRange(head.Witnessed.Select(LogReport.Line));
        lines.Add("VERIFIED: the entry is in the log");
        return new Report(true, lines, new
        {
            head.Head.Origin,
            position = proof.Index,
            head.Head.Size,
            stream = known ? entry.Stream : (Guid?)null,
            version = known ? entry.Version : (long?)null,
            type = known ? entry.Type : (EntryType?)null,
            recordedMs = known ? entry.RecordedMs : (long?)null,
            witnesses = LogReport.WitnessesOf(head),
        });
    }

    private static Report Head(byte[] bytes, TrustPolicy policy, IReadOnlyList<Checkpoint> older)
    {
        if (!policy.TryOpen(bytes, out var head, out var fault)) return LogReport.Of(Fault.Of(fault));
        return Since.FindAll(older, head.Head) is [var since, ..] ? LogReport.Of(since) : LogReport.OfHead(head, "VERIFIED: the log, and the witnesses asked for, signed this");
    }

    // A calendar ends before what an entry may claim.
    private static string Moment(long ms) =>
        ms <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() ? DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("O", CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{ms} ms after 1970");

    private static async Task<byte[]> ReadFileAsync(string path, CancellationToken ct)
    {
        if (new FileInfo(path) is { Exists: true, Length: > LogFiles.MaxLength }) throw new UnansweredException("content_unknown", $"{path} is larger than any bundle or receipt.");
        return await File.ReadAllBytesAsync(path, ct);
    }
}
