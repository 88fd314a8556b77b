using System.Collections.Concurrent;
using System.Security.Cryptography;
using ConsentLedger.Auditor.HandingOver;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Auditor.Tests.Logs;
using ConsentLedger.Auditor.Tests.Telling;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Consent.HandingOver;

namespace ConsentLedger.Auditor.Tests.HandingOver;

/// <summary>What a successor finds of what an old operator hands out.</summary>
public sealed class CheckTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hand-over-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task An_honest_one_holds_and_opens()
    {
        var handed = await HandedLog.MakeAsync(people: 5);
        var found = (await FindAsync(handed)).ShouldNotBeNull();
        found.Findings.Faults.ShouldBeEmpty();
        (found.End!.Keys, found.End.Envelopes, found.Totals.Opened, found.Totals.ErasedBefore, found.Totals.ErasedSince, found.Passes).ShouldBe((3, 3, 3, 2, 0, 1));
    }

    [Fact]
    public async Task A_key_left_out() => (await CodesAsync(h => h.Keys.RemoveAt(1))).ShouldBe(["handover_key_missing"]);

    [Fact]
    public async Task An_envelope_left_out() => (await CodesAsync(h => h.Envelopes.RemoveAt(1))).ShouldBe(["handover_envelope_missing"]);

    [Fact]
    public async Task Everything_of_somebody_left_out() => (await CodesAsync(h =>
    {
        h.Envelopes.RemoveAll(e => h.StreamOf(e.Position) == h.Keys[0].Subject);
        h.Keys.RemoveAt(0);
    })).ShouldBe(["handover_envelope_missing", "handover_key_missing"]);

    [Fact]
    public async Task A_key_twice() => (await CodesAsync(h => h.Keys.Insert(1, h.Keys[0]))).ShouldBe(["handover_key_order"]);

    [Fact]
    public async Task An_envelope_twice() => (await CodesAsync(h => h.Envelopes.Insert(1, h.Envelopes[0]))).ShouldBe(["handover_envelope_order"]);

    [Fact]
    public async Task The_key_of_somebody_erased() => (await CodesAsync(h => AddKey(h, KeyOf(h, h.Erased[0])))).ShouldBe(["handover_key_erased"]);

    [Fact]
    public async Task The_envelope_of_somebody_erased() => (await CodesAsync(h =>
    {
        var position = h.Real.Envelopes.Keys.First(p => h.StreamOf(p) == h.Erased[0].Id);
        h.Envelopes.Insert(h.Envelopes.FindIndex(e => e.Position > position), new HandedOverEnvelope(position, h.Real.Envelopes[position]));
    })).ShouldBe(["handover_envelope_erased"]);

    [Fact]
    public async Task The_key_of_nobody() => (await CodesAsync(h => AddKey(h, h.KeyOf(new Guid(1, 2, 3, new byte[8]), new Guid(2, 2, 3, new byte[8]), new byte[32])))).ShouldBe(["handover_key_unknown"]);

    [Fact]
    public async Task An_envelope_where_nothing_is_sealed() => (await CodesAsync(h => h.Envelopes.Add(new HandedOverEnvelope(h.Real.Log.Entries.Count - 1, [1])))).ShouldBe(["handover_envelope_unknown"]);

    [Fact]
    public async Task An_envelope_where_no_entry_is() => (await CodesAsync(h => h.Envelopes.Add(new HandedOverEnvelope(h.Real.Log.Entries.Count, [1])))).ShouldBe(["handover_envelope_unknown"]);

    [Fact]
    public async Task Anothers_envelope() => (await CodesAsync(h => h.Envelopes[0] = h.Envelopes[0] with { Envelope = h.Envelopes[1].Envelope })).ShouldBe(["handover_envelope_mismatch", "handover_envelope_unopened"]);

    [Fact]
    public async Task Anothers_key() => (await CodesAsync(h => h.Keys[0] = h.Keys[0] with { Wrapped = h.Keys[1].Wrapped })).ShouldBe(["handover_envelope_unopened", "handover_key_unopened"]);

    [Fact]
    public async Task A_key_of_another_tenants() =>
        (await CodesAsync(h => h.Keys[0] = h.KeyOf(h.Keys[0].Subject, h.Keys[0].Key, h.Real.People[h.Keys[0].Subject].Key, "vms"))).ShouldBe(["handover_envelope_unopened", "handover_key_unopened"]);

    [Fact]
    public async Task A_key_that_opens_nothing() => (await CodesAsync(h => h.Keys[0] = h.KeyOf(h.Keys[0].Subject, h.Keys[0].Key, new byte[32]))).ShouldBe(["handover_envelope_unopened"]);

    [Fact]
    public async Task A_key_under_another_id() =>
        (await CodesAsync(h => h.Keys[0] = h.KeyOf(h.Keys[0].Subject, h.Keys[1].Key, h.Real.People[h.Keys[0].Subject].Key))).ShouldBe(["handover_envelope_unopened"]);

    [Fact]
    public async Task Another_successor_than_the_log_names() => (await CodesAsync(h => h.Head = h.Head with { Successor = "somebody-else" })).ShouldBe(["handover_unrecorded"]);

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_000_000)]
    public async Task Another_place_than_the_log_names(long position) => (await CodesAsync(h => h.Head = h.Head with { Position = position })).ShouldBe(["handover_unrecorded"]);

    [Fact]
    public async Task Wrong_counts() => (await CodesAsync(h => h.Miscounted = 1)).ShouldBe(["handover_counts_wrong"]);

    [Fact]
    public async Task A_log_from_before_the_end() => (await CodesAsync(h => h.Size++)).ShouldBe(["handover_log_short"]);

    [Fact]
    public async Task Another_private_key()
    {
        using var other = RSA.Create(2048);
        (await FindAsync(await HandedLog.MakeAsync(people: 3), successor: other))!.Findings.Faults.ShouldHaveSingleItem().Code.ShouldBe("handover_transport_unopened");
    }

    [Fact]
    public async Task A_file_that_ends_early_or_goes_on()
    {
        var handed = await HandedLog.MakeAsync(people: 3);
        var bytes = handed.ToBytes();
        var lines = Enumerable.Range(0, bytes.Length).Where(i => bytes[i] == '\n').ToList();
        foreach (var cut in lines.SkipLast(1).Skip(1)) (await CodesAsync(handed, bytes[..(cut + 1)])).ShouldBe(["handover_incomplete"]);
        (await CodesAsync(handed, bytes[..^1])).ShouldBe(["handover_incomplete"]);
        (await CodesAsync(handed, [.. bytes, (byte)'\n'])).ShouldBe(["handover_malformed"]);
        (await CodesAsync(handed, [.. bytes, .. bytes])).ShouldBe(["handover_malformed"]);
        (await CodesAsync(handed, [])).ShouldBe(["handover_incomplete"]);
    }

    [Fact]
    public async Task What_an_erasure_kept_out_while_it_was_written_is_not_missed_and_what_came_before_it_is_named()
    {
        var handed = await HandedLog.MakeAsync(people: 5, before: true);
        var found = (await FindAsync(handed))!;
        found.Findings.Faults.ShouldBeEmpty();
        (found.End!.Keys, found.Totals.Opened, found.Totals.ErasedSince).ShouldBe((5, 5, 2));
        found.Findings.Remarks.Count(r => r.Contains("may not be taken over", StringComparison.Ordinal)).ShouldBe(2);

        var late = handed.Erased[1];
        handed.Envelopes.RemoveAll(e => handed.StreamOf(e.Position) == late.Id);
        (await CodesAsync(handed)).ShouldBeEmpty();
        handed.Keys.RemoveAll(k => k.Subject == late.Id);
        (await CodesAsync(handed)).ShouldBeEmpty();

        // Nobody is left out by being called erased: the log has to have known it by the end.
        handed.Size = handed.Head.Position + 1;
        (await CodesAsync(handed)).ShouldBe(["handover_envelope_missing", "handover_key_missing"]);
    }

    [Fact]
    public async Task Where_not_all_streams_fit_it_is_read_again_and_finds_the_same()
    {
        var handed = await HandedLog.MakeAsync(people: 12);
        handed.Keys.RemoveAt(0);
        handed.Envelopes.RemoveAt(3);
        AddKey(handed, KeyOf(handed, handed.Erased[0]));
        var atOnce = (await FindAsync(handed))!;
        var bitByBit = (await FindAsync(handed, Checking.Usual with { Memory = 1 }))!;
        bitByBit.Passes.ShouldBeGreaterThan(100);
        bitByBit.Totals.ShouldBe(atOnce.Totals);
        bitByBit.Findings.Faults.ShouldBe(atOnce.Findings.Faults, ignoreOrder: true);
        atOnce.Findings.Faults.Count.ShouldBe(3);
    }

    [Fact]
    public async Task The_log_is_the_one_that_was_verified_to_its_last_entry()
    {
        var handed = await HandedLog.MakeAsync(people: 5);
        var files = handed.Real.Log.ToFiles();
        await Should.ThrowAsync<UnansweredException>(RunAsync(handed, handed.ToBytes(), HandedLog.Successor, Checking.Usual, new FilesShownOnce(files, "tile/entries/", _ => null)));
    }

    [Fact]
    public async Task Every_byte_counts()
    {
        var handed = await HandedLog.MakeAsync(people: 4);
        var bytes = handed.ToBytes();
        var unseen = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(Enumerable.Range(0, bytes.Length), async (at, _) =>
        {
            foreach (var mask in (byte[])[0x01, 0x20])
            {
                var flipped = (byte[])bytes.Clone();
                flipped[at] ^= mask;
                if (!(await CodesAsync(handed, flipped)).Any()) unseen.Add($"byte {at} xor {mask}");
            }
        });
        unseen.ShouldBeEmpty();
    }

    [Fact]
    public async Task At_the_terminal_the_log_and_what_opens_it_are_verified_together()
    {
        using var terminal = new Terminal();
        var handed = await HandedLog.MakeAsync(people: 5);
        var (folder, key, old) = (handed.WriteTo(terminal.Path("quintus")), terminal.Path("successor.pem"), terminal.Path("old.checkpoint"));
        File.WriteAllText(key, HandedLog.Successor.ExportPkcs8PrivateKeyPem());
        File.WriteAllBytes(old, handed.Real.Log.First(4).Checkpoint.ToBytes());
        string[] check = ["hand-over", "check", folder, "--private-key", key, "--key", handed.Real.Log.Key.Verifier.ToString(), "--since", old];
        (await terminal.RunAsync(check)).ShouldBe(ExitCode.Holds, terminal.Output + terminal.Error);
        terminal.Output.ShouldContain("VERIFIED: every living person's key");
        terminal.Output.ShouldNotContain("example.com");
        var (code, answer) = await terminal.AskAsync(check);
        (code, answer.GetProperty("verb").GetString()).ShouldBe((0, "hand-over check"));
        (answer.GetProperty("handedOver").GetProperty("keys").GetInt64(), answer.GetProperty("handedOver").GetProperty("opened").GetInt64()).ShouldBe((3, 3));
        answer.GetProperty("log").GetProperty("size").GetInt64().ShouldBe(handed.Real.Log.Entries.Count);

        // History that was rewritten after somebody was shown it.
        var other = await HandedLog.MakeAsync(people: 5);
        File.WriteAllBytes(old, (other.Real.Log with { Key = handed.Real.Log.Key }).First(4).Checkpoint.ToBytes());
        (await terminal.RunAsync(check)).ShouldBe(ExitCode.Wrong);
        terminal.Output.ShouldContain("since_mismatch");

        // A hand-over of another history.
        File.WriteAllBytes(old, handed.Real.Log.First(4).Checkpoint.ToBytes());
        handed.Head = handed.Head with { Checkpoint = System.Text.Encoding.UTF8.GetString((other.Real.Log with { Key = handed.Real.Log.Key }).Checkpoint.ToBytes()) };
        handed.WriteTo(folder);
        (await terminal.RunAsync(check)).ShouldBe(ExitCode.Wrong);
        terminal.Output.ShouldContain("since_mismatch");
        handed.Head = handed.Head with { Origin = "ledger.example.org/consent/vms" };
        handed.WriteTo(folder);
        (await terminal.RunAsync(check)).ShouldBe(ExitCode.Wrong);
        terminal.Output.ShouldContain("handover_other_log");

        // Nobody signed for it.
        terminal.Output.ShouldNotContain("ledger.example.org/consent/vms");
    }

    [Fact]
    public async Task A_wrong_question_says_nothing_about_the_ledger()
    {
        using var terminal = new Terminal();
        var handed = await HandedLog.MakeAsync(people: 3);
        var (folder, key) = (handed.WriteTo(terminal.Path("quintus")), terminal.Path("successor.pem"));
        string[] check = ["hand-over", "check", folder, "--private-key", key, "--key", handed.Real.Log.Key.Verifier.ToString(), "--json"];
        foreach (var text in (string[])["nothing", HandedLog.Successor.ExportSubjectPublicKeyInfoPem()])
        {
            File.WriteAllText(key, text);
            (await terminal.RunAsync(check)).ShouldBe(ExitCode.Unanswered);
            terminal.Output.ShouldContain("private_key_invalid");
        }

        File.WriteAllText(key, HandedLog.Successor.ExportPkcs8PrivateKeyPem());
        File.Delete(Path.Combine(folder, HandOverCommand.File));
        (await terminal.RunAsync(check)).ShouldBe(ExitCode.Unanswered);
        terminal.Output.ShouldContain("export_incomplete");
    }

    [Fact]
    public async Task The_help_has_examples()
    {
        using var terminal = new Terminal();
        foreach (var verb in (string[])["check", "fetch"])
        {
            (await terminal.RunAsync("hand-over", verb, "--help")).ShouldBe(0);
            terminal.Output.ShouldContain($"ledger hand-over {verb} ");
        }
    }

    private static HandedOverKey KeyOf(HandedLog handed, Person person) => handed.KeyOf(person.Id, person.KeyId, person.Key);

    private static void AddKey(HandedLog handed, HandedOverKey key)
    {
        handed.Keys.Add(key);
        handed.Keys.Sort((one, other) => one.Subject.CompareTo(other.Subject));
    }

    private async Task<IEnumerable<string>> CodesAsync(Action<HandedLog> change)
    {
        var handed = await HandedLog.MakeAsync(people: 5);
        change(handed);
        return await CodesAsync(handed);
    }

    private async Task<IEnumerable<string>> CodesAsync(HandedLog handed, byte[]? bytes = null)
    {
        var (found, fault) = await RunAsync(handed, bytes ?? handed.ToBytes(), HandedLog.Successor, Checking.Usual);
        return fault is not null ? [fault.Code] : found!.Findings.Faults.Select(f => f.Code).Order(StringComparer.Ordinal);
    }

    private async Task<HandOverFindings?> FindAsync(HandedLog handed, Checking? checking = null, RSA? successor = null) =>
        (await RunAsync(handed, handed.ToBytes(), successor ?? HandedLog.Successor, checking ?? Checking.Usual)).Found;

    /// <summary>Without the log, which was verified before.</summary>
    private async Task<(HandOverFindings? Found, Fault? Fault)> RunAsync(HandedLog handed, byte[] bytes, RSA successor, Checking checking, LogFiles? files = null)
    {
        var file = Path.Combine(_folder.FullName, Path.GetRandomFileName());
        await File.WriteAllBytesAsync(file, bytes);
        var log = handed.Real.Log;
        log.Policy.TryOpen(log.Checkpoint.ToBytes(), out var head, out _).ShouldBeTrue();
        var (begun, checkpoint, fault) = CheckHandOver.Begin(file, log.Policy, head!);
        if (fault is not null) return (null, fault);
        var verifier = new HandOverVerifier(file, files ?? new FilesInMemory(log.ToFiles()), log.Entries.Count, head!.Head.Root, successor, checking);
        var found = await verifier.RunAsync(begun!, checkpoint!.Size, new Progress<Progressed>(), default);
        File.Delete(file);
        return (found, null);
    }
}
