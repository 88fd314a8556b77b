using System.Collections.Concurrent;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ConsentLedger.Auditor.Tests.Logs;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Tests.Verifying;

/// <summary>One subject's history as an operator hands it out.</summary>
public sealed class BundleTests : IAsyncLifetime
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private RealLog _real = null!;
    private Guid _person, _erased;

    private static List<Dictionary<string, object?>> Entries(Dictionary<string, object?> bundle) => (List<Dictionary<string, object?>>)bundle["entries"]!;

    public async Task InitializeAsync()
    {
        _real = await RealLog.WriteAsync(people: 5);
        (_person, _erased) = (_real.People.Keys.First(), _real.People.Keys.ElementAt(1));
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public void An_honest_bundle_holds_and_opens()
    {
        var found = Check(_real.BundleOf(_person));
        found.Findings.Faults.ShouldBeEmpty();
        (found.Entries.Count, found.Sealed, found.Opened).ShouldBe((4, 1, 1));
        found.Findings.Remarks.ShouldContain(r => r.Contains("version 4"));
    }

    [Fact]
    public void An_erased_persons_envelope_is_gone_and_their_history_still_proved()
    {
        var bundle = _real.BundleOf(_erased);
        foreach (var entry in Entries(bundle)) Drop(entry, "envelope", "okm", "evidence");
        var found = Check(bundle);
        found.Findings.Faults.ShouldBeEmpty();
        (found.Sealed, found.Opened).ShouldBe((1, 0));
    }

    [Fact]
    public void Of_whoever_was_not_erased_the_envelope_is_missed() => Finds(b => Drop(Entries(b)[0], "envelope", "okm", "evidence"), "envelope_missing");

    [Fact]
    public void Facts_left_out_are_missed() => Finds(b => Drop(Entries(b)[1], "type", "salt", "data"), "facts_purged_unrecorded");

    [Fact]
    public void Evidence_that_the_envelope_does_not_hold() =>
        Finds(b => Entries(b)[0]["evidence"] = JsonDocument.Parse("""{"email":"other@example.com","shown":"Ja, ich will – 0"}""").RootElement, "evidence_mismatch");

    [Fact]
    public void Evidence_without_keys() => Finds(b => Drop(Entries(b)[0], "okm"), "evidence_unproved");

    [Fact]
    public void Keys_of_another_event() => Finds(b => Entries(b)[0]["okm"] = Convert.ToBase64String(new byte[64]), "envelope_unopened");

    [Fact]
    public void Keys_that_open_but_do_not_commit() => Finds(
        b => Entries(b)[0]["okm"] = Convert.ToBase64String([.. Convert.FromBase64String((string)Entries(b)[0]["okm"]!)[..32], .. new byte[32]]), "envelope_unopened");

    [Fact]
    public void Anothers_envelope() => Finds(b => Entries(b)[0]["envelope"] = Entries(_real.BundleOf(_erased))[0]["envelope"], "envelope_mismatch");

    [Fact]
    public void A_version_left_out() => Finds(b => Entries(b).RemoveAt(1), "stream_gap");

    [Fact]
    public void The_first_version_left_out() => Finds(b => Entries(b).RemoveAt(0), "stream_gap");

    [Fact]
    public void Another_persons_entry() => Finds(b => Entries(b)[1] = Entries(_real.BundleOf(_erased))[1], "subject_bundle_stranger");

    [Fact]
    public void An_entry_that_is_nowhere_in_the_log() => Finds(
        b => Entries(b)[3]["entry"] = Convert.ToBase64String((RealLog.Decode(Convert.FromBase64String((string)Entries(b)[3]["entry"]!)) with { RecordedMs = 1_790_000_000_000 }).Encode()), "proof_root_mismatch");

    [Fact]
    public void Another_origin() => Finds(b => b["origin"] = "ledger.example.org/consent/other", "subject_bundle_origin");

    [Fact]
    public void No_entry_at_all() => Finds(b => Entries(b).Clear(), "subject_bundle_empty");

    [Fact]
    public void An_erasure_does_end() => Judge(new MadeUpLog().Add(MadeUpLog.One, EntryType.ErasureRequested).After(days: 31).Add(MadeUpLog.One)).ShouldBe([("erasure_overdue", 0)]);

    [Fact]
    public void An_erasure_under_way_is_no_fault() => Judge(new MadeUpLog().Add(MadeUpLog.One, EntryType.ErasureRequested).After(days: 29).Add(MadeUpLog.One)).ShouldBeEmpty();

    [Fact]
    public void An_erasure_ends_in_time() => Judge(new MadeUpLog().Add(MadeUpLog.One, EntryType.ErasureRequested).After(days: 31).Add(MadeUpLog.One, EntryType.KeyDestroyed)).ShouldBe([("erasure_late", 1)]);

    [Fact]
    public void A_key_is_destroyed_behind_a_fence() =>
        Judge(new MadeUpLog().Add(MadeUpLog.One, EntryType.KeyCreated, MadeUpLog.Key).Add(MadeUpLog.One, EntryType.KeyDestroyed, MadeUpLog.Key)).ShouldBe([("erasure_unfenced", 1)]);

    [Theory]
    [InlineData(29, 0)]
    [InlineData(31, 1)]
    public void A_witness_knows_how_late_it_is(int days, int faults)
    {
        using var witness = SigningKey.Generate("witness.example.org", SignatureType.CosignatureV1);
        var log = new MadeUpLog().Add(MadeUpLog.One, EntryType.ErasureRequested).Signed;
        var bundle = MadeUp(log);
        var fenced = DateTimeOffset.FromUnixTimeMilliseconds(RealLog.Decode(log.Entries[0]).RecordedMs);
        bundle["checkpoint"] = Encoding.UTF8.GetString(Cosignature.Cosign(log.Checkpoint, witness, fenced.AddDays(days)).ToBytes());
        var policy = new TrustPolicy([log.Key.Verifier], [witness.Verifier], new Quorum.Witness(witness.Verifier));
        new BundleVerifier(policy, Checking.Usual).Run(JsonSerializer.SerializeToUtf8Bytes(bundle, Json)).Findings.Faults.Select(f => f.Code).ShouldBe(Enumerable.Repeat("erasure_overdue", faults));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("{\"format\":\"consentledger-subject/2\",\"origin\":\"\",\"subject\":\"018f0000-0000-7000-8000-000000000001\",\"checkpoint\":\"\",\"entries\":[]}")]
    [InlineData("{\"format\":\"consentledger-subject/1\",\"origin\":\"\",\"subject\":\"018f0000-0000-7000-8000-000000000001\",\"checkpoint\":\"\\ud800\",\"entries\":[null]}")]
    public void What_is_no_bundle_is_said_to_be_none(string text) =>
        new BundleVerifier(_real.Log.Policy, Checking.Usual).Run(Encoding.UTF8.GetBytes(text)).Findings.Faults.ShouldHaveSingleItem().Code.ShouldBe("subject_bundle_malformed");

    /// <summary>JSON can spell one text in several ways (an escape in capitals, say): a byte may change as long as nothing that is said does.</summary>
    [Fact]
    public void Every_byte_that_says_something_counts()
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(_real.BundleOf(_person), Json);
        var said = JsonDocument.Parse(bytes).RootElement;
        var unseen = new ConcurrentBag<int>();
        Parallel.For(0, bytes.Length, at =>
        {
            foreach (var mask in (byte[])[0x01, 0x20, 0xFF])
            {
                var flipped = (byte[])bytes.Clone();
                flipped[at] ^= mask;
                if (!new BundleVerifier(_real.Log.Policy, Checking.Usual).Run(flipped).Findings.Any && !JsonElement.DeepEquals(said, JsonDocument.Parse(flipped).RootElement)) unseen.Add(at);
            }
        });
        unseen.ShouldBeEmpty();
    }

    private void Finds(Action<Dictionary<string, object?>> change, string code)
    {
        var bundle = _real.BundleOf(_person);
        change(bundle);
        Check(bundle).Findings.Faults.Select(f => f.Code).ShouldContain(code);
    }

    private BundleFindings Check(Dictionary<string, object?> bundle) => new BundleVerifier(_real.Log.Policy, Checking.Usual).Run(JsonSerializer.SerializeToUtf8Bytes(bundle, Json));

    private static IEnumerable<(string Code, long? Position)> Judge(MadeUpLog log)
    {
        var signed = log.Signed;
        return new BundleVerifier(signed.Policy, Checking.Usual).Run(JsonSerializer.SerializeToUtf8Bytes(MadeUp(signed), Json)).Findings.Faults.Select(f => (f.Code, f.Position));
    }

    private static Dictionary<string, object?> MadeUp(SignedLog log) => new RealLog(log, new Dictionary<Guid, Person>(), new Dictionary<long, byte[]>()).BundleOf(MadeUpLog.One);

    private static void Drop(Dictionary<string, object?> entry, params IEnumerable<string> members)
    {
        foreach (var member in members) entry.Remove(member);
    }
}
