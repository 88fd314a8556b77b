using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ConsentLedger.Auditor.Witnessing;
using ConsentLedger.Ledger;
using ConsentLedger.Support;

namespace ConsentLedger.Auditor.Tests.Witnessing;

/// <summary>The rules of C2SP tlog-witness, one by one.</summary>
public sealed class CosignerTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 10, 0, 0, TimeSpan.Zero);

    private readonly SigningKey _key = SigningKey.Generate("witness.example/w1", SignatureType.CosignatureV1);
    private readonly SmallLog _log = new("ledger.example/consent/quintus");
    private readonly Cosigner _cosigner;
    private Note? _latest;

    public CosignerTests() => _cosigner = new Cosigner(_key, [_log.Key.Verifier]);

    public void Dispose()
    {
        _key.Dispose();
        _log.Dispose();
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 0)]
    [InlineData(1, 2)]
    [InlineData(7, 7)]
    [InlineData(255, 256)]
    [InlineData(256, 1000)]
    [InlineData(300, 777)]
    public void A_tree_that_begins_with_the_one_before_is_cosigned(int from, int to)
    {
        Know(from);
        var cosigned = Decide(_log.Request(from, to)).ShouldBeOfType<Decision.Cosign>();
        cosigned.Latest.TryVerify([_log.Key.Verifier, _key.Verifier], out var verified, out _).ShouldBeTrue();
        verified.Select(v => v.Key).ShouldBe([_log.Key.Verifier, _key.Verifier]);
    }

    /// <summary>C2SP tlog-cosignature, put together here from its text.</summary>
    [Fact]
    public void The_cosignature_is_the_one_of_the_format()
    {
        var cosigned = Decide(_log.Request(0, 5)).ShouldBeOfType<Decision.Cosign>();
        var text = $"{_log.Origin}\n5\n{_log.Head(5).Root.ToBase64()}\n";
        var line = cosigned.Cosignature.ToString();
        line.ShouldStartWith("— witness.example/w1 ");
        line.ShouldEndWith("\n");
        var bytes = Convert.FromBase64String(line.TrimEnd().Split(' ')[2]);
        bytes[..4].ShouldBe(SHA256.HashData([.. "witness.example/w1\n"u8, 4, .. _key.Verifier.PublicKey])[..4]);
        BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(4)).ShouldBe(Now.ToUnixTimeSeconds());
        Ed25519.Verify(_key.Verifier.PublicKey, Encoding.UTF8.GetBytes($"cosignature/v1\ntime {Now.ToUnixTimeSeconds()}\n{text}"), bytes.AsSpan(12)).ShouldBeTrue();
    }

    [Fact]
    public void A_log_nobody_told_us_of_is_404()
    {
        using var stranger = new SmallLog("ledger.example/consent/vms", 10);
        Status(stranger.Request(0, 5)).ShouldBe(404);
    }

    [Fact]
    public void A_log_s_name_under_another_key_is_403()
    {
        using var impostor = new SmallLog(_log.Origin, 10);
        Status(impostor.Request(0, 5)).ShouldBe(403);
        Status(new AddCheckpoint(0, [], Note.Unsealed(_log.Head(5).ToText()))).ShouldBe(403);
    }

    [Fact]
    public void A_signature_of_the_log_that_does_not_hold_is_403_though_another_does()
    {
        var broken = new NoteSignature(_log.Origin, _log.Key.Verifier.Id, new byte[64]);
        Note.TryParse([.. _log.CheckpointOf(5).ToBytes(), .. Encoding.UTF8.GetBytes(broken.ToString())], out var note, out _).ShouldBeTrue();
        Status(new AddCheckpoint(0, [], note)).ShouldBe(403);
    }

    [Fact]
    public void Signatures_of_strangers_are_passed_over_and_not_kept()
    {
        using var stranger = SigningKey.Generate("stranger.example", SignatureType.Ed25519);
        var cosigned = Decide(new AddCheckpoint(0, [], _log.CheckpointOf(5).SignedBy(stranger))).ShouldBeOfType<Decision.Cosign>();
        cosigned.Latest.Signatures.Select(s => s.Name).ShouldBe([_log.Origin, "witness.example/w1"]);
    }

    [Fact]
    public void An_old_size_above_the_new_one_is_400()
    {
        Know(9);
        Status(new AddCheckpoint(9, [], _log.CheckpointOf(5))).ShouldBe(400);
    }

    [Theory]
    [InlineData(0, 5, 9)]
    [InlineData(7, 3, 9)]
    [InlineData(7, 0, 9)]
    [InlineData(7, 5, 5)]
    public void Another_old_size_than_ours_hears_ours(int known, int claimed, int to)
    {
        if (known > 0) Know(known);
        Decide(_log.Request(claimed, to)).ShouldBe(new Decision.NameSize(known));
    }

    [Fact]
    public void A_checkpoint_that_is_none_is_400()
    {
        Status(new AddCheckpoint(0, [], Note.Unsealed("only\ntwo lines\n"u8).SignedBy(_log.Key))).ShouldBe(400);
    }

    [Fact]
    public void A_tree_without_leaves_has_the_empty_root_or_is_422()
    {
        Status(new AddCheckpoint(0, [], new Checkpoint(_log.Origin, 0, _log.Head(1).Root).Sign(_log.Key))).ShouldBe(422);
    }

    [Fact]
    public void A_proof_from_nothing_is_422() => Status(_log.Request(0, 9) with { Proof = _log.Prove(5, 9) }).ShouldBe(422);

    [Fact]
    public void The_same_size_with_another_root_is_422()
    {
        Know(300);
        Status(_log.ToldOtherwise(200).Request(300, 300)).ShouldBe(422);
        Status(_log.Request(300, 300) with { Proof = _log.Prove(200, 300) }).ShouldBe(422);
    }

    [Fact]
    public void A_proof_that_does_not_lead_there_is_422()
    {
        Know(300);
        var right = _log.Request(300, 777);
        Status(right with { Proof = [.. right.Proof.Reverse()] }).ShouldBe(422);
        Status(right with { Proof = [.. right.Proof, right.Proof[0]] }).ShouldBe(422);
        Status(right with { Proof = [] }).ShouldBe(422);
        Status(_log.ToldOtherwise(200).Request(300, 777)).ShouldBe(422);
    }

    [Fact]
    public void What_we_say_of_two_moments_is_true_of_both_though_our_clock_went_back()
    {
        Know(5);
        var later = (Decision.Cosign)_cosigner.Decide(_log.Request(5, 9), _ => _latest, Now.AddHours(-1));
        Cosignature.TryReadTime(later.Cosignature, out var at).ShouldBeTrue();
        at.ShouldBe(Now);
    }

    private void Know(int size)
    {
        if (size > 0) _latest = Decide(_log.Request(0, size)).ShouldBeOfType<Decision.Cosign>().Latest;
    }

    private Decision Decide(AddCheckpoint request) => _cosigner.Decide(request, origin => origin == _log.Origin ? _latest : null, Now);

    private int Status(AddCheckpoint request) => Decide(request).ShouldBeOfType<Decision.Refuse>().Status;
}
