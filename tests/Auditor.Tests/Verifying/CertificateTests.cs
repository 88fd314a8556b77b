using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Auditor.Tests.Telling;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Tests.Verifying;

/// <summary>Certificates as somebody with the log's key makes them: honestly, or not.</summary>
public sealed class CertificateTests : IDisposable
{
    private const string Origin = "ledger.example.org/erasure-orchestrator/quintus";

    private static readonly Guid Subject = new("0199aa00-0000-7000-8000-00000000000a"), Request = new("0199aa00-0000-7000-8000-000000000001"), Earlier = new("0199aa00-0000-7000-8000-000000000002");

    private readonly Terminal _terminal = new();
    private readonly SigningKey _key = SigningKey.Generate(Origin, SignatureType.Ed25519);

    [Fact]
    public async Task Somebody_who_was_never_told_the_address_verifies_what_became_of_it()
    {
        var (code, answer) = await AskAsync(Certificate());
        code.ShouldBe(0, _terminal.Output);
        var stated = answer.GetProperty("certificate");
        stated.GetProperty("inTime").GetBoolean().ShouldBeTrue();
        stated.GetProperty("systems").EnumerateArray().Select(s => $"{s.GetProperty("system")} {s.GetProperty("outcome")}").ShouldBe(["consent erased", "mailer kept"]);
        answer.GetProperty("holds").GetBoolean().ShouldBeTrue();

        (await _terminal.RunAsync("verify-certificate", _terminal.Path("certificate.json"), "--key", _key.Verifier.ToString(), "--request", $"{Request}", "--subject", $"{Subject}")).ShouldBe(0);
        _terminal.Output.ShouldContain("system     mailer: kept (legal-obligation), 2026-05-28T20:26:45.000Z");
        _terminal.Output.ShouldContain("kept       by the controller: legal-claims (contracts)");
        _terminal.Output.ShouldContain("due        2026-06-28, in time");
    }

    [Fact]
    public async Task Every_flipped_byte_is_found()
    {
        var bytes = Certificate();
        var policy = TrustPolicy.Of(_key.Verifier);
        new Auditor.Verifying.CertificateVerifier(policy).Run(bytes).Findings.Faults.ShouldBeEmpty();
        var unseen = new System.Collections.Concurrent.ConcurrentBag<int>();
        await Parallel.ForEachAsync(Enumerable.Range(0, bytes.Length * 3), (n, _) =>
        {
            var flipped = bytes.ToArray();
            flipped[n / 3] ^= (byte)(n % 3 == 0 ? 0x20 : n % 3 == 1 ? 0x01 : 0xFF);
            if (!new Auditor.Verifying.CertificateVerifier(policy).Run(flipped).Findings.Any) unseen.Add(n / 3);
            return ValueTask.CompletedTask;
        });
        unseen.ShouldBeEmpty();
        foreach (var other in (byte[][])[[.. bytes, (byte)'\n'], [(byte)' ', .. bytes], bytes[..^1], []])
            new Auditor.Verifying.CertificateVerifier(policy).Run(other).Findings.Any.ShouldBeTrue();
    }

    [Theory]
    [InlineData("systems")]
    [InlineData("kept")]
    [InlineData("inTime")]
    [InlineData("completedAt")]
    [InlineData("receivedAt")]
    [InlineData("dueOn")]
    [InlineData("outcome")]
    [InlineData("reason")]
    [InlineData("type")]
    public async Task A_statement_that_its_own_key_signed_and_the_log_does_not_bear_out_is_found(string member)
    {
        var (code, answer) = await AskAsync(Certificate(statement => statement[member] = member switch
        {
            "systems" => new JsonArray(statement["systems"]![0]!.DeepClone()),
            "kept" => new JsonArray(),
            "inTime" => false,
            _ => "2026-01-01",
        }));
        (code, CodesOf(answer)).ShouldBe((1, $"certificate_statement_differs"));
        answer.GetProperty("faults")[0].GetProperty("reason").GetString()!.ShouldContain(member);
        answer.TryGetProperty("certificate", out _).ShouldBeFalse("what is not verified is not repeated");
    }

    [Fact]
    public async Task A_member_too_many_is_found() => CodesOf((await AskAsync(Certificate(statement => statement["note"] = "all is well"))).Answer).ShouldBe("certificate_statement_differs");

    [Fact]
    public async Task An_answer_that_was_left_out_leaves_a_gap() =>
        CodesOf((await AskAsync(Certificate(events: events => events.RemoveAt(4)))).Answer).ShouldContain("certificate_gap");

    [Fact]
    public async Task A_system_that_was_told_and_of_which_nothing_is_said_is_named()
    {
        var facts = Story().Where(e => !e.Data.Contains("mailer", StringComparison.Ordinal) || e.Type != "erasure.task-completed.v1").ToList();
        var (_, answer) = await AskAsync(Certificate(story: facts));
        answer.GetProperty("faults").EnumerateArray().ShouldContain(f => f.GetProperty("code").GetString() == "certificate_incomplete" && f.GetProperty("reason").GetString()!.Contains("mailer"));
    }

    private const string Kept = """{"outcome":"kept","reason":"legal-obligation","system":"mailer"}""", Erased = """{"outcome":"erased","system":"consent"}""";

    [Theory]
    [InlineData($"{Erased},{Kept}", true)]
    [InlineData($"{Kept},{Erased}", true)]
    [InlineData($$"""{{Erased}},{{Kept}},{"outcome":"refused","reason":"not-ours","system":"archive"}""", false)]
    [InlineData(Erased, false)]
    [InlineData($"{Erased},{Erased},{Kept}", false)]
    [InlineData("", false)]
    [InlineData($$"""{{Erased}},{"outcome":"refused","reason":"legal-obligation","system":"mailer"}""", false)]
    [InlineData($$"""{{Erased}},{"outcome":"kept","system":"mailer"}""", false)]
    public async Task The_answers_are_all_of_those_that_the_end_of_the_request_names(string named, bool holds)
    {
        var story = Story();
        story[^1] = (story[^1].Type, $$"""{"outcome":"partially","request":"{{Request}}","systems":[{{named}}]}""");
        CodesOf((await AskAsync(Certificate(story: story))).Answer).ShouldBe(holds ? "" : "certificate_incomplete");
    }

    [Fact]
    public async Task How_many_entries_keep_their_facts_to_themselves_is_said()
    {
        var (_, answer) = await AskAsync(Certificate());
        answer.GetProperty("withheld").GetInt32().ShouldBe(1);
        await _terminal.RunAsync("verify-certificate", _terminal.Path("certificate.json"), "--key", _key.Verifier.ToString());
        _terminal.Output.ShouldContain("withheld   1 entries");
    }

    [Theory]
    [InlineData("fully")]
    [InlineData("refused")]
    public async Task An_outcome_that_the_answers_do_not_come_to_is_found(string outcome)
    {
        var story = Story();
        story[^1] = (story[^1].Type, story[^1].Data.Replace("partially", outcome, StringComparison.Ordinal));
        CodesOf((await AskAsync(Certificate(statement => statement["outcome"] = outcome, story: story))).Answer).ShouldBe("certificate_outcome_differs");
    }

    [Theory]
    [InlineData("refused", "")]
    [InlineData("fully", "certificate_outcome_differs")]
    public async Task Consents_that_were_withdrawn_before_the_rest_was_refused_do_not_make_it_followed(string outcome, string fault)
    {
        List<(string Type, string Data)> story =
        [
            Story()[0],
            ("erasure.task-dispatched.v1", $$"""{"attempt":1,"request":"{{Request}}","system":"consent-withdrawals"}"""),
            ("erasure.task-completed.v1", $$"""{"outcome":"withdrawn","request":"{{Request}}","system":"consent-withdrawals"}"""),
            ("erasure.completed.v1", $$"""{"outcome":"{{outcome}}","reason":"excessive","request":"{{Request}}"}"""),
        ];
        var certificate = Certificate(
            statement =>
            {
                (statement["outcome"], statement["refusedFor"], statement["kept"]) = (outcome, "excessive", new JsonArray());
                statement["systems"] = new JsonArray(new JsonObject { ["at"] = Moment(1_780_000_003_000), ["outcome"] = "withdrawn", ["system"] = "consent-withdrawals" });
            },
            story: story);
        CodesOf((await AskAsync(certificate)).Answer).ShouldBe(fault);
    }

    [Fact]
    public async Task Who_said_something_else_afterwards_is_shown_with_both_answers()
    {
        var story = Story();
        story.Insert(story.Count - 1, ("erasure.task-contradicted.v1", $$"""{"outcome":"refused","reason":"not-ours","request":"{{Request}}","system":"consent"}"""));
        CodesOf((await AskAsync(Certificate(story: story))).Answer).ShouldBe("certificate_statement_differs", "left out of the statement");
        var told = Certificate(
            statement => statement["systems"]![0]!["contradictions"] = new JsonArray(new JsonObject { ["at"] = Moment(1_780_000_006_000), ["outcome"] = "refused", ["reason"] = "not-ours" }), story: story);
        (await AskAsync(told)).Code.ShouldBe(0, _terminal.Output);
        await _terminal.RunAsync("verify-certificate", _terminal.Path("certificate.json"), "--key", _key.Verifier.ToString());
        _terminal.Output.ShouldContain("system     consent: erased, 2026-05-28T20:26:44.000Z; AND THEN refused (not-ours), 2026-05-28T20:26:46.000Z");
    }

    [Fact]
    public async Task Too_late_is_said_and_is_no_fault()
    {
        var late = Story(due: "2026-05-27", lapsesAt: "2026-05-28T00:00:00Z");
        var (code, answer) = await AskAsync(Certificate(statement => (statement["inTime"], statement["dueOn"]) = (false, "2026-05-27"), story: late));
        (code, answer.GetProperty("certificate").GetProperty("inTime").GetBoolean()).ShouldBe((0, false));
    }

    [Fact]
    public async Task What_came_before_its_person_was_found_was_received_then()
    {
        var story = Story();
        story[0] = (story[0].Type, story[0].Data.Replace("\"reason\"", "\"receivedAt\":\"2026-05-20T08:00:00.5+00:00\",\"reason\"", StringComparison.Ordinal));
        (await AskAsync(Certificate(statement => statement["receivedAt"] = "2026-05-20T08:00:00.500Z", story: story))).Code.ShouldBe(0, _terminal.Output);
        CodesOf((await AskAsync(Certificate(story: story))).Answer).ShouldBe("certificate_statement_differs");
    }

    [Fact]
    public async Task Another_key_another_request_and_another_person_are_not_taken_for_these()
    {
        using var stranger = SigningKey.Generate(Origin, SignatureType.Ed25519);
        CodesOf((await AskAsync(Certificate(), stranger)).Answer).ShouldBe("note_unsigned");
        using var elsewhere = SigningKey.Generate("ledger.example.org/erasure-orchestrator/vms", SignatureType.Ed25519);
        CodesOf((await AskAsync(Certificate(), elsewhere)).Answer).ShouldBe("checkpoint_origin_unknown");
        CodesOf((await AskAsync(Certificate(), null, "--request", $"{Earlier}")).Answer).ShouldBe("certificate_other");
        CodesOf((await AskAsync(Certificate(), null, "--subject", $"{Earlier}")).Answer).ShouldBe("certificate_other");
    }

    [Fact]
    public async Task What_is_no_certificate_is_said_to_be_none()
    {
        CodesOf((await AskAsync("{}"u8.ToArray())).Answer).ShouldBe("certificate_malformed");
        (await _terminal.RunAsync("verify-certificate", _terminal.Path("nowhere.json"), "--key", _key.Verifier.ToString())).ShouldBe(2);
        (await _terminal.RunAsync("verify-certificate", _terminal.Path("certificate.json"))).ShouldBe(2, "nobody said whom to believe");
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("— a b\n")]
    [InlineData("\u007F")]
    [InlineData("— \U0001F511 AAAAAAA=\n— \U0001F511 AAAAAAA=\n")]
    public async Task A_signature_is_one_line_of_a_note(string signature)
    {
        var certificate = JsonNode.Parse(Certificate())!.AsObject();
        certificate["signature"] = string.Concat(Enumerable.Repeat(signature, 400));
        CodesOf((await AskAsync(Canonical(certificate))).Answer).ShouldBe("certificate_malformed");
    }

    [Fact]
    public async Task A_key_may_be_called_by_any_name()
    {
        var certificate = JsonNode.Parse(Certificate())!.AsObject();
        certificate["signature"] = $"— {string.Concat(Enumerable.Repeat("\U0001F511", 9000))} AAAAAAA=\n";
        CodesOf((await AskAsync(Canonical(certificate))).Answer).ShouldBe("note_unsigned");
    }

    [Fact]
    public async Task It_says_how_it_is_used()
    {
        (await _terminal.RunAsync("verify-certificate", "--help")).ShouldBe(0);
        _terminal.Output.ShouldContain("ledger verify-certificate certificate.json --key erasure-log.key");
    }

    public void Dispose()
    {
        _terminal.Dispose();
        _key.Dispose();
    }

    private async Task<(int Code, JsonElement Answer)> AskAsync(byte[] certificate, SigningKey? key = null, params string[] options)
    {
        await File.WriteAllBytesAsync(_terminal.Path("certificate.json"), certificate);
        return await _terminal.AskAsync(["verify-certificate", _terminal.Path("certificate.json"), "--key", (key ?? _key).Verifier.ToString(), .. options]);
    }

    private static string CodesOf(JsonElement answer) => string.Join(' ', answer.GetProperty("faults").EnumerateArray().Select(f => f.GetProperty("code").GetString()).Distinct());

    private static List<(string Type, string Data)> Story(string due = "2026-06-28", string lapsesAt = "2026-06-28T22:00:00Z") =>
    [
        ("erasure.requested.v1", $$"""{"dueOn":"{{due}}","lapsesAt":"{{lapsesAt}}","reason":"consent-withdrawn","request":"{{Request}}"}"""),
        ("erasure.planned.v1", $$"""{"kept":[{"purpose":"contracts","reason":"legal-claims"}],"request":"{{Request}}","steps":[{"kind":"service","phase":1,"system":"consent"},{"kind":"open-dsr","phase":1,"system":"mailer"}]}"""),
        ("erasure.task-dispatched.v1", $$"""{"attempt":1,"request":"{{Earlier}}","system":"mailer"}"""), // another request of the same person, in between
        ("erasure.task-completed.v1", $$"""{"outcome":"erased","request":"{{Request}}","system":"consent"}"""),
        ("erasure.task-completed.v1", $$"""{"outcome":"kept","reason":"legal-obligation","request":"{{Request}}","system":"mailer"}"""),
        ("erasure.completed.v1", $$"""{"outcome":"partially","request":"{{Request}}"}"""),
    ];

    /// <summary>Written from the description of the format in docs/auditing.md, not by the service's code.</summary>
    private byte[] Certificate(Action<JsonObject>? change = null, Action<JsonArray>? events = null, List<(string Type, string Data)>? story = null)
    {
        story ??= Story();
        var (entries, told, previous, ms) = (new List<byte[]>(), new JsonArray(), Hash.Zero, 1_780_000_000_000L);
        entries.Add(new Entry(EntryType.Event, Earlier, 1, ms, Hash.Zero, Guid.Empty, Hash.Zero, Hash.Zero, Hash.Zero).Encode());
        foreach (var (type, data) in story)
        {
            var salt = RandomNumberGenerator.GetBytes(FactsCommitment.SaltLength);
            FactsCommitment.TryCommit(salt, type, Encoding.UTF8.GetBytes(data), out var facts, out _).ShouldBeTrue();
            var bytes = new Entry(EntryType.Event, Subject, told.Count + 1, ms += 1000, previous, Guid.Empty, facts, Hash.Zero, Hash.Zero).Encode();
            previous = TreeHash.Leaf(bytes);
            entries.Add(bytes);
            told.Add(data.Contains($"{Request}", StringComparison.Ordinal)
                ? new JsonObject { ["data"] = JsonNode.Parse(data), ["entry"] = Convert.ToBase64String(bytes), ["salt"] = Convert.ToBase64String(salt), ["type"] = type }
                : new JsonObject { ["entry"] = Convert.ToBase64String(bytes) });
        }

        var leaves = entries.Select(e => TreeHash.Leaf(e)).ToArray();
        var checkpoint = new Checkpoint(Origin, entries.Count, Frontier.Empty.Append(leaves).Root).Sign(_key);
        Hash Node(int height, long index) => height == 0 ? leaves[index] : TreeHash.Node(Node(height - 1, 2 * index), Node(height - 1, (2 * index) + 1));
        var receipt = new LogProof(entries.Count - 1, entries[^1], InclusionProof.Prove(entries.Count - 1, entries.Count, Node), checkpoint.ToBytes());
        var statement = new JsonObject
        {
            ["completedAt"] = Moment(ms),
            ["dueOn"] = "2026-06-28",
            ["inTime"] = true,
            ["kept"] = new JsonArray(new JsonObject { ["purpose"] = "contracts", ["reason"] = "legal-claims" }),
            ["origin"] = Origin,
            ["outcome"] = "partially",
            ["reason"] = "consent-withdrawn",
            ["receivedAt"] = Moment(1_780_000_001_000),
            ["request"] = $"{Request}",
            ["subject"] = $"{Subject}",
            ["systems"] = new JsonArray(
                new JsonObject { ["at"] = Moment(1_780_000_004_000), ["outcome"] = "erased", ["system"] = "consent" },
                new JsonObject { ["at"] = Moment(1_780_000_005_000), ["outcome"] = "kept", ["reason"] = "legal-obligation", ["system"] = "mailer" }),
            ["type"] = "erasure",
        };
        change?.Invoke(statement);
        events?.Invoke(told);
        var unsigned = new JsonObject { ["certificate"] = statement, ["events"] = told, ["format"] = "consentledger-erasure-certificate/1", ["receipt"] = Encoding.UTF8.GetString(receipt.ToBytes()) };
        var note = Note.Unsealed([.. "consentledger-erasure-certificate/1\n"u8, .. Canonical(unsigned), (byte)'\n']).SignedBy(_key);
        unsigned["signature"] = string.Concat(note.Signatures);
        return Canonical(unsigned);
    }

    private static string Moment(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static byte[] Canonical(JsonNode node)
    {
        var canonical = new ArrayBufferWriter<byte>();
        CanonicalJson.TryWrite(Encoding.UTF8.GetBytes(node.ToJsonString()), canonical, out _).ShouldBeTrue();
        return canonical.WrittenSpan.ToArray();
    }
}
