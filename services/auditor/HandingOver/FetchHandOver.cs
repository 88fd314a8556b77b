using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Consent.HandingOver;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.HandingOver;

/// <summary><c>ledger hand-over fetch</c>: what opens a tenant's log, wrapped for the successor, and then the log up to where that ended.</summary>
internal static class FetchHandOver
{
    private const int Looks = 60;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static Command Verb(Surroundings surroundings)
    {
        var word = new Option<string>("--successor") { Description = "A word for whoever takes over, as it will stand in the log.", HelpName = "WORD", Required = true };
        var publicKey = new Option<string>("--public-key") { Description = "The successor's RSA public key in PEM, of 3072 bits or more, from the successor's own hands.", HelpName = "FILE", Required = true };
        var to = new Option<string>("--to") { Description = "The folder for all of it. A hand-over that it has is not made again; its log is brought up to now.", HelpName = "FOLDER", Required = true };
        var (remote, trust, checks) = (new RemoteOptions(surroundings), new TrustOptions(), new CheckingOptions { IsWhole = true });
        var verb = new Verb(
            "fetch", "Hands a tenant over into files (scopes consent:hand-over and ledger:audit). That it was is recorded.", surroundings,
            "ledger hand-over fetch https://ledger.example --tenant quintus --successor new-owner --public-key successor.pub --token-file hand-over.token --key log.key --to quintus/")
        {
            Under = HandOverCommand.Name,
        };
        remote.AddTo(verb);
        foreach (var option in (Option[])[word, publicKey, to]) verb.Options.Add(option);
        trust.AddTo(verb);
        checks.AddTo(verb);
        return verb.Runs(async (parsed, ct) =>
        {
            var (policy, folder, checking) = (await trust.ReadAsync(parsed, ct), parsed.GetRequiredValue(to), checks.Read(parsed, surroundings.Clock));
            var (file, older) = (Path.Combine(folder, HandOverCommand.File), await checks.ReadOlderAsync(parsed, policy, ct));
            using var client = RemoteOptions.NewClient();
            var log = await remote.OpenLogAsync(parsed, client, ct);
            if (!File.Exists(file))
            {
                var asked = JsonSerializer.SerializeToUtf8Bytes(new { successor = parsed.GetRequiredValue(word), key = await File.ReadAllTextAsync(parsed.GetRequiredValue(publicKey), ct) });
                await MakeAsync(await remote.OpenServiceAsync(parsed, client, ct), asked, file, surroundings.Clock, ct);
            }

            var (keys, envelopes, end) = ReadEnd(file);
            var (bytes, head, fault) = await WaitForAsync(end, () => remote.ReadHeadAsync(parsed, log, policy, ct), surroundings.Clock, ct);
            if (head is null) return LogReport.Of(fault!);
            var (_, handed, wrong) = CheckHandOver.Begin(file, policy, head);
            if (handed is null) return LogReport.Of(wrong!);
            var report = await Export.LogAsync(log, bytes, head, Path.Combine(folder, HandOverCommand.Log), policy, checking, [.. older, handed], surroundings, ct);
            return CheckHandOver.Join(report, new Report(true, [string.Create(CultureInfo.InvariantCulture, $"handed over {keys} keys and {envelopes} envelopes; ledger hand-over check opens them")], new { keys, envelopes }));
        });
    }

    /// <summary>The file has its name once it is there to its last line.</summary>
    private static async Task MakeAsync(HttpFiles service, byte[] asked, string file, TimeProvider clock, CancellationToken ct)
    {
        var unfinished = $"{file}.part";
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        if (await service.PostAsync("v1/hand-over", asked, $"ledger-hand-over-{Guid.CreateVersion7(clock.GetUtcNow())}", unfinished, ct) is var (code, reason)) throw new UnansweredException(code, reason);
        ReadEnd(unfinished);
        File.Move(unfinished, file);
    }

    private static (long Keys, long Envelopes, HandOverEnd End) ReadEnd(string file)
    {
        using var lines = new HandOverLines(file);
        var (keys, envelopes) = (0L, 0L);
        lines.TryReadHead(out _);
        while (lines.TryReadKey(out _)) keys++;
        while (lines.TryReadEnvelope(out _)) envelopes++;
        return lines.TryReadEnd(out var end, out _) ? (keys, envelopes, end) : throw new UnansweredException(lines.Fault!.Code, $"{file}, line {lines.Line}: {lines.Fault.Reason} Delete it and fetch again.");
    }

    /// <summary>Who was erased while keys were written is known by the log as it was then, or later.</summary>
    private static async Task<(byte[] Bytes, TrustedCheckpoint? Head, Fault? Fault)> WaitForAsync(
        HandOverEnd end, Func<Task<(byte[] Bytes, TrustedCheckpoint? Head, Fault? Fault)>> look, TimeProvider clock, CancellationToken ct)
    {
        for (var looked = 1; ; looked++)
        {
            var newest = await look();
            if (newest.Head is not { } head || head.Head.Size >= end.Size) return newest;
            if (looked == Looks) throw new UnansweredException("checkpoint_pending", $"The newest checkpoint has {head.Head.Size} entries, and the hand-over was over at {end.Size}. The same command again goes on from here.");
            await Task.Delay(Pause, clock, ct);
        }
    }
}
