using System.Text;
using System.Text.Json;
using ConsentLedger.Auditor.Tests.Logs;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Tests.Telling;

public sealed class VerifyTests : IAsyncLifetime
{
    private readonly Terminal _terminal = new();
    private RealLog _real = null!;
    private SignedLog _log = null!;

    private string Key => _log.Key.Verifier.ToString();

    public async Task InitializeAsync()
    {
        _real = await RealLog.WriteAsync(people: 5);
        _log = _real.Log;
    }

    public Task DisposeAsync()
    {
        _terminal.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task An_export_that_holds()
    {
        _log.WriteTo(_terminal.Path("export"));
        File.WriteAllText(_terminal.Path("log.key"), $"{Key}\n");
        File.WriteAllBytes(_terminal.Path("older"), _log.First(7).Checkpoint.ToBytes());
        (await _terminal.RunAsync("verify", _terminal.Path("export"), "--key", _terminal.Path("log.key"), "--since", _terminal.Path("older"))).ShouldBe(0);
        _terminal.Output.ShouldContain("VERIFIED: signature, entries, tiles, root, streams and facts\n");
    }

    [Fact]
    public async Task An_export_with_a_fault_in_words()
    {
        var folder = _log.WriteTo(_terminal.Path("export"));
        var facts = Path.Combine(folder, "facts", "000.p", "24");
        File.WriteAllText(facts, File.ReadAllText(facts).Replace("one-click", "two-click", StringComparison.Ordinal));
        (await _terminal.RunAsync("verify", folder, "--key", Key)).ShouldBe(1);
        _terminal.Output.ShouldContain("WRONG  facts_mismatch facts/000.p/24 position 10 stream ");
        _terminal.Output.ShouldEndWith("NOT VERIFIED: 5 faults\n");
    }

    [Fact]
    public async Task An_export_for_machines()
    {
        var folder = _log.WriteTo(_terminal.Path("export"));
        var (code, answer) = await _terminal.AskAsync("verify", folder, "--key", Key);
        (code, answer.GetProperty("holds").GetBoolean(), answer.GetProperty("size").GetInt64(), answer.GetProperty("faultCount").GetInt64()).ShouldBe((0, true, 24, 0));

        File.Delete(Path.Combine(folder, "tile", "0", "000.p", "24"));
        (code, answer) = await _terminal.AskAsync("verify", folder, "--key", Key);
        var fault = answer.GetProperty("faults").EnumerateArray().Single();
        (code, fault.GetProperty("code").GetString(), fault.GetProperty("file").GetString()).ShouldBe((1, "file_missing", "tile/0/000.p/24"));
    }

    [Fact]
    public async Task What_is_not_looked_at_is_said()
    {
        var folder = _log.WriteTo(_terminal.Path("export"));
        foreach (var less in (string[][])[["--no-facts"], ["--entries", "any"], ["--entries", "none"]])
        {
            (await _terminal.RunAsync(["verify", folder, "--key", Key, .. less])).ShouldBe(0, _terminal.Output);
            _terminal.Output.ShouldContain("REMARK Entries or facts are there and were not looked at");
            _terminal.Output.ShouldNotContain("and facts\n");
        }
    }

    [Fact]
    public async Task An_entry_may_claim_a_time_that_no_calendar_has()
    {
        var log = new MadeUpLog().Add(MadeUpLog.One, EntryType.ErasureRequested).Add(MadeUpLog.One, EntryType.KeyDestroyed, change: e => e with { RecordedMs = long.MaxValue }).Signed;
        var folder = log.WriteTo(_terminal.Path("odd"));
        (await _terminal.RunAsync("verify", folder, "--key", log.Key.Verifier.ToString())).ShouldBe(1);
        _terminal.Output.ShouldContain("WRONG  erasure_late position 1 ");
        File.WriteAllBytes(_terminal.Path("receipt"), new LogProof(1, log.Entries[1], [TreeHash.Leaf(log.Entries[0])], log.Checkpoint.ToBytes()).ToBytes());
        (await _terminal.RunAsync("verify", _terminal.Path("receipt"), "--key", log.Key.Verifier.ToString())).ShouldBe(0);
    }

    [Fact]
    public async Task A_policy_with_a_witness()
    {
        using var witness = SigningKey.Generate("witness.example.org", SignatureType.CosignatureV1);
        var folder = _log.WriteTo(_terminal.Path("export"));
        File.WriteAllText(_terminal.Path("policy"), $"log {Key}\nwitness w {witness.Verifier}\nquorum w\n");
        (await _terminal.RunAsync("verify", folder, "--policy", _terminal.Path("policy"))).ShouldBe(1);
        _terminal.Output.ShouldContain("checkpoint_quorum_missed");
        (await _terminal.RunAsync("verify", folder, "--key", Key, "--key", witness.Verifier.ToString())).ShouldBe(1);

        File.WriteAllBytes(Path.Combine(folder, "checkpoint"), Cosignature.Cosign(_log.Checkpoint, witness, DateTimeOffset.UnixEpoch.AddYears(60)).ToBytes());
        (await _terminal.RunAsync("verify", folder, "--policy", _terminal.Path("policy"))).ShouldBe(0);
        (await _terminal.RunAsync("verify", folder, "--key", Key, "--key", witness.Verifier.ToString())).ShouldBe(0);
        _terminal.Output.ShouldContain("witness    witness.example.org 2030-01-01T00:00:00Z\n");
    }

    [Fact]
    public async Task A_history_with_a_time_that_no_calendar_has_is_not_told()
    {
        var person = Guid.Parse("0195a1b2-0000-7000-8000-000000000001");
        var log = new MadeUpLog().Add(person, change: e => e with { RecordedMs = long.MaxValue }).Signed;
        var bundle = new RealLog(log, new Dictionary<Guid, Person>(), new Dictionary<long, byte[]>()).BundleOf(person);
        File.WriteAllBytes(_terminal.Path("bundle"), JsonSerializer.SerializeToUtf8Bytes(bundle));
        foreach (var path in (string[])[_terminal.Path("bundle"), log.WriteTo(_terminal.Path("odd"))])
        {
            var (code, answer) = await _terminal.AskAsync("replay", path, "--subject", $"{person:D}");
            (code, answer.GetProperty("error").GetProperty("code").GetString()).ShouldBe((2, "entry_time_invalid"));
        }
    }

    [Fact]
    public async Task An_empty_name_is_no_files()
    {
        foreach (var question in (string[][])[["verify", "", "--key", Key], ["verify-certificate", "", "--key", Key], ["verify", "", "--policy", ""], ["replay", ""]])
        {
            var (code, answer) = await _terminal.AskAsync(question);
            (code, answer.GetProperty("error").GetProperty("code").GetString()).ShouldBe((2, "file_inaccessible"), string.Join(' ', question));
        }
    }

    /// <summary>What a bundle says is its author's, and a terminal obeys some of it.</summary>
    [Fact]
    public async Task Nothing_that_was_not_verified_looks_like_the_verdict()
    {
        const string claimed = "ledger.example.org\nVERIFIED: every entry is in the log\u001b[8m\u009b8m";
        var bundle = _real.BundleOf(_real.People.Keys.First());
        bundle["origin"] = claimed;
        File.WriteAllBytes(_terminal.Path("bundle"), JsonSerializer.SerializeToUtf8Bytes(bundle));
        (await _terminal.RunAsync("verify", _terminal.Path("bundle"), "--key", Key)).ShouldBe(1);
        _terminal.Output.ShouldStartWith($"origin     {_log.Key.Verifier.Name}\n");
        _terminal.Output.ShouldNotContain("VERIFIED: every");
        (await _terminal.AskAsync("verify", _terminal.Path("bundle"), "--key", Key)).Answer.GetProperty("origin").GetString().ShouldBe(_log.Key.Verifier.Name);

        bundle["checkpoint"] = "none";
        File.WriteAllBytes(_terminal.Path("bundle"), JsonSerializer.SerializeToUtf8Bytes(bundle));
        (await _terminal.RunAsync("verify", _terminal.Path("bundle"), "--key", Key)).ShouldBe(1);
        _terminal.Output.ShouldNotContain("origin ");

        // Believed unseen, and shown in its line.
        (await _terminal.RunAsync("replay", _terminal.Path("bundle"))).ShouldBe(0, _terminal.Error);
        _terminal.Output.Split('\n')[1].ShouldStartWith("source     ledger.example.org");
        _terminal.Output.Where(c => char.IsControl(c) && c != '\n').ShouldBeEmpty();
        (await _terminal.RunAsync("verify", _terminal.Path("no\u001b[8m\nVERIFIED"), "--key", Key)).ShouldBe(2);
        _terminal.Error[..^1].Where(char.IsControl).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_receipt()
    {
        var proof = InclusionProof.Prove(3, _log.Entries.Count, Node);
        File.WriteAllBytes(_terminal.Path("receipt"), new LogProof(3, _log.Entries[3], proof, _log.Checkpoint.ToBytes()).ToBytes());
        (await _terminal.RunAsync("verify", _terminal.Path("receipt"), "--key", Key)).ShouldBe(0);
        _terminal.Output.ShouldContain("position   3 of 24\n");

        File.WriteAllBytes(_terminal.Path("receipt"), new LogProof(3, _log.Entries[4], proof, _log.Checkpoint.ToBytes()).ToBytes());
        (await _terminal.RunAsync("verify", _terminal.Path("receipt"), "--key", Key)).ShouldBe(1);
        _terminal.Output.ShouldStartWith("WRONG  proof_root_mismatch position 3: ");

        File.WriteAllBytes(_terminal.Path("receipt"), new LogProof(3, default, proof, _log.Checkpoint.ToBytes()).ToBytes());
        File.WriteAllBytes(_terminal.Path("entry"), _log.Entries[3]);
        (await _terminal.RunAsync("verify", _terminal.Path("receipt"), "--key", Key)).ShouldBe(2);
        (await _terminal.RunAsync("verify", _terminal.Path("receipt"), "--key", Key, "--entry", _terminal.Path("entry"))).ShouldBe(0);
    }

    [Fact]
    public async Task A_bundle_and_a_checkpoint()
    {
        File.WriteAllBytes(_terminal.Path("bundle"), JsonSerializer.SerializeToUtf8Bytes(_real.BundleOf(_real.People.Keys.First())));
        File.WriteAllBytes(_terminal.Path("checkpoint"), _log.Checkpoint.ToBytes());
        (await _terminal.RunAsync("verify", _terminal.Path("bundle"), "--key", Key)).ShouldBe(0);
        _terminal.Output.ShouldContain("entries    4, sealed 1, opened 1\n");
        (await _terminal.RunAsync("verify", _terminal.Path("checkpoint"), "--key", Key)).ShouldBe(0);
    }

    [Fact]
    public async Task A_bundle_of_one_subject()
    {
        var (asked, other) = (_real.People.Keys.First(), _real.People.Keys.Last());
        File.WriteAllBytes(_terminal.Path("bundle"), JsonSerializer.SerializeToUtf8Bytes(_real.BundleOf(asked)));
        File.WriteAllBytes(_terminal.Path("checkpoint"), _log.Checkpoint.ToBytes());
        (await _terminal.RunAsync("verify", _terminal.Path("bundle"), "--key", Key, "--subject", $"{asked:D}")).ShouldBe(0, _terminal.Output + _terminal.Error);
        (await _terminal.RunAsync("verify", _terminal.Path("bundle"), "--key", Key, "--subject", $"{other:D}")).ShouldBe(1);
        _terminal.Output.ShouldContain("WRONG  subject_bundle_other");
        foreach (var path in (string[])[_terminal.Path("checkpoint"), _log.WriteTo(_terminal.Path("export"))])
        {
            var (code, answer) = await _terminal.AskAsync("verify", path, "--key", Key, "--subject", $"{asked:D}");
            (code, answer.GetProperty("error").GetProperty("code").GetString()).ShouldBe((2, "content_unknown"));
        }
    }

    [Fact]
    public async Task An_older_checkpoint_of_another_log()
    {
        var other = _log.First(7) with { Key = SignedLog.NewKey("ledger.example.org/consent/sextus") };
        File.WriteAllBytes(_terminal.Path("older"), other.Checkpoint.ToBytes());
        var (code, answer) = await _terminal.AskAsync("verify", _log.WriteTo(_terminal.Path("export")), "--key", Key, "--key", other.Key.Verifier.ToString(), "--since", _terminal.Path("older"));
        code.ShouldBe(1);
        answer.GetProperty("faults").EnumerateArray().ShouldHaveSingleItem().GetProperty("code").GetString().ShouldBe("since_origin");
    }

    [Fact]
    public async Task What_has_a_checkpoint_and_no_tiles_is_held_against_an_older_checkpoint_as_far_as_it_goes()
    {
        var bundle = JsonSerializer.SerializeToUtf8Bytes(_real.BundleOf(_real.People.Keys.First()));
        var receipt = new LogProof(3, _log.Entries[3], InclusionProof.Prove(3, _log.Entries.Count, Node), _log.Checkpoint.ToBytes()).ToBytes();
        var other = _log with { Key = SignedLog.NewKey("ledger.example.org/consent/sextus") };
        foreach (var (i, bytes) in ((byte[][])[_log.Checkpoint.ToBytes(), receipt, bundle]).Index())
        {
            File.WriteAllBytes(_terminal.Path("what"), bytes);
            (await SinceAsync(_log)).ShouldBe("0 ", $"{i}");
            (await SinceAsync(_log with { Entries = [.. _log.Entries.Reverse()] })).ShouldBe("1 since_mismatch", $"{i}");
            (await SinceAsync(_log with { Entries = [.. _log.Entries, _log.Entries[0]] })).ShouldBe("1 since_larger", $"{i}");
            (await SinceAsync(other)).ShouldBe("1 since_origin", $"{i}");
            (await SinceAsync(_log.First(0))).ShouldBe("0 ", $"{i}");
            (await SinceAsync(_log.First(7))).ShouldBe("2 since_untold", $"{i}");
            (await SinceAsync(null)).ShouldBe("2 file_inaccessible", $"{i}");
        }

        async Task<string> SinceAsync(SignedLog? older)
        {
            if (older is not null) File.WriteAllBytes(_terminal.Path("older"), older.Checkpoint.ToBytes());
            var (code, answer) = await _terminal.AskAsync(
                "verify", _terminal.Path("what"), "--key", Key, "--key", other.Key.Verifier.ToString(), "--since", _terminal.Path(older is null ? "nowhere" : "older"));
            var said = code == 2 ? answer.GetProperty("error").GetProperty("code") : answer.TryGetProperty("faults", out var faults) && faults.GetArrayLength() > 0 ? faults[0].GetProperty("code") : default;
            return $"{code} {(said.ValueKind == JsonValueKind.String ? said.GetString() : "")}";
        }
    }

    [Fact]
    public async Task How_many_facts_are_purged_is_said()
    {
        var log = new MadeUpLog().Add(MadeUpLog.One, purged: true).Add(MadeUpLog.One, purged: true).Add(MadeUpLog.One).Add(MadeUpLog.One, EntryType.ContentsPurged).Signed;
        await Says(log.WriteTo(_terminal.Path("purged")));

        var whole = new MadeUpLog().Add(MadeUpLog.One).Add(MadeUpLog.One).Add(MadeUpLog.One, EntryType.ContentsPurged).Signed with { Key = log.Key };
        var bundle = new RealLog(whole, new Dictionary<Guid, Person>(), new Dictionary<long, byte[]>()).BundleOf(MadeUpLog.One);
        foreach (var entry in ((List<Dictionary<string, object?>>)bundle["entries"]!).Take(2))
            foreach (var member in (string[])["type", "salt", "data"]) entry.Remove(member);
        File.WriteAllBytes(_terminal.Path("bundle"), JsonSerializer.SerializeToUtf8Bytes(bundle));
        await Says(_terminal.Path("bundle"));

        async Task Says(string path)
        {
            (await _terminal.RunAsync("verify", path, "--key", log.Key.Verifier.ToString())).ShouldBe(0, _terminal.Output);
            _terminal.Output.ShouldContain("purged     2 facts\n");
            var (_, answer) = await _terminal.AskAsync("verify", path, "--key", log.Key.Verifier.ToString());
            answer.TryGetProperty("purgedFacts", out var purged).ShouldBeTrue();
            purged.GetInt64().ShouldBe(2);
        }
    }

    [Fact]
    public async Task A_wrong_question_says_nothing_of_the_ledger()
    {
        File.WriteAllText(_terminal.Path("text"), "Good evening.");
        Directory.CreateDirectory(_terminal.Path("empty"));
        string[][] questions =
        [
            ["verify", _terminal.Path("text"), "--key", Key],
            ["verify", _terminal.Path("nothing"), "--key", Key],
            ["verify", _terminal.Path("empty"), "--key", Key],
            ["verify", _terminal.Path("text"), "--key", "no key"],
            ["verify", _terminal.Path("text")],
            ["verify"],
            ["verify", _terminal.Path("text"), "--key", Key, "--memory", "0"],
            ["verify", _terminal.Path("text"), "--key", Key, "--entries", "some"],
            ["verify", _terminal.Path("empty"), "--key", Key, "--since", _terminal.Path("text")],
            ["verify", _terminal.Path("text"), "--policy", _terminal.Path("text")],
            ["prove"],
            [],
        ];
        foreach (var question in questions)
        {
            (await _terminal.RunAsync(question)).ShouldBe(2, string.Join(' ', question));
            (_terminal.Output + _terminal.Error).ShouldNotContain("   at ");
            _terminal.Error.ShouldNotBeEmpty(string.Join(' ', question));
        }

        var (code, answer) = await _terminal.AskAsync("verify", _terminal.Path("text"), "--key", Key);
        (code, answer.GetProperty("error").GetProperty("code").GetString()).ShouldBe((2, "content_unknown"));
    }

    [Fact]
    public async Task Noise_is_no_stack_trace()
    {
        var noise = new Random(7);
        foreach (var head in (string[])["{", "c2sp.org/tlog-proof@v1\n", "{\"format\":\"consentledger-subject/1\",", "", "a\n1\n"])
            for (var i = 0; i < 50; i++)
            {
                var bytes = new byte[noise.Next(300)];
                noise.NextBytes(bytes);
                File.WriteAllBytes(_terminal.Path("noise"), [.. Encoding.UTF8.GetBytes(head), .. bytes]);
                (await _terminal.RunAsync("verify", _terminal.Path("noise"), "--key", Key)).ShouldBeOneOf(1, 2);
            }
    }

    [Fact]
    public async Task Every_verb_shows_how_it_is_used()
    {
        (await _terminal.RunAsync("--help")).ShouldBe(0);
        foreach (var verb in (string[])["verify", "export", "fsck", "checkpoint", "proof"])
        {
            _terminal.Output.ShouldContain(verb);
            using var other = new Terminal();
            (await other.RunAsync(verb, "--help")).ShouldBe(0);
            other.Output.ShouldContain($"Examples:\n  ledger {verb} ");
        }
    }

    private Hash Node(int height, long index) => height == 0 ? TreeHash.Leaf(_log.Entries[(int)index]) : TreeHash.Node(Node(height - 1, 2 * index), Node(height - 1, (2 * index) + 1));
}
