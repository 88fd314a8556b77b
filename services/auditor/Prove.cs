using System.CommandLine;
using System.Globalization;
using System.Text;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor;

/// <summary><c>ledger proof</c>: a receipt for one entry, made from what is public and the entry.</summary>
internal static class Prove
{
    public static Command Verb(Surroundings surroundings)
    {
        var position = new Option<long>("--position") { Description = "Of the entry, from 0.", Required = true };
        var entry = new Option<string?>("--entry") { Description = "A file with the entry; without it a token has to fetch it.", HelpName = "FILE" };
        var to = new Option<string?>("--to") { Description = "Where the receipt goes; without it, to the output.", HelpName = "FILE" };
        var (remote, trust) = (new RemoteOptions(surroundings), new TrustOptions());
        var verb = new Verb(
            "proof", "Makes a receipt (C2SP tlog-proof) that anybody can check offline.", surroundings,
            "ledger proof https://ledger.example --tenant quintus --position 12 --token-file auditor.token --key log.key --to 12.tlog-proof");
        remote.AddTo(verb);
        foreach (var option in (Option[])[position, entry, to]) verb.Options.Add(option);
        trust.AddTo(verb);
        return verb.Runs(async (parsed, ct) =>
        {
            var policy = await trust.ReadAsync(parsed, ct);
            var index = parsed.GetRequiredValue(position);
            using var client = RemoteOptions.NewClient();
            var log = await remote.OpenLogAsync(parsed, client, ct);
            var (bytes, head, fault) = await remote.ReadHeadAsync(parsed, log, policy, ct);
            if (head is null) return LogReport.Of(fault!);
            if (index < 0 || index >= head.Head.Size) throw new UnansweredException("position_outside", $"The log has {head.Head.Size} entries, from 0.");

            var committed = parsed.GetValue(entry) is { } file ? await File.ReadAllBytesAsync(file, ct) : await FetchAsync(log, index, head.Head.Size, ct);
            var hashes = await log.ProveAsync(head.Head.Size, nodes => InclusionProof.Prove(index, head.Head.Size, nodes), ct);
            var receipt = new LogProof(index, committed, hashes, bytes);
            if (!receipt.TryVerify(TreeHash.Leaf(committed), policy, out _, out var wrong)) return LogReport.Of(Fault.Of(wrong) with { Position = index });

            var text = Encoding.UTF8.GetString(receipt.ToBytes());
            if (parsed.GetValue(to) is { } target) await File.WriteAllTextAsync(target, text, ct);
            string[] lines = parsed.GetValue(to) is { } written ? [string.Create(CultureInfo.InvariantCulture, $"VERIFIED and written to {written}: position {index} of {head.Head.Size}")] : text.TrimEnd('\n').Split('\n');
            return new Report(true, lines, new { head.Head.Origin, position = index, head.Head.Size, receipt = text });
        });
    }

    private static async Task<byte[]> FetchAsync(LogFiles log, long index, long size, CancellationToken ct)
    {
        var (number, within) = Math.DivRem(index, TileId.FullWidth);
        var bundle = new TileId(TileId.Entries, number, (int)Math.Min(TileId.FullWidth, size - (number * TileId.FullWidth)));
        using var bytes = await log.ReadAsync(bundle.ToString(), ct) ?? throw new UnansweredException("not_found", $"The log does not give out {bundle}, which its checkpoint covers.");
        var reader = new EntryBundle.Reader(bytes.Span);
        for (var i = 0; reader.TryRead(out var entry); i++)
            if (i == within) return entry.ToArray();
        throw new UnansweredException("bundle_count_wrong", $"{bundle} has no entry {within}.");
    }
}
