using System.Text;

namespace ConsentLedger.Ledger.Tests;

/// <summary>Whose word counts: policies, and receipts judged by them.</summary>
public sealed class TrustTests : IDisposable
{
    private const string Origin = "ledger.example/consent/quintus";
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 10, 0, 0, TimeSpan.Zero);

    private readonly SigningKey _log = SigningKey.Generate(Origin, SignatureType.Ed25519);
    private readonly SigningKey[] _witnesses = [.. Enumerable.Range(1, 4).Select(i => SigningKey.Generate($"witness.example/w{i}", SignatureType.CosignatureV1))];
    private readonly Hash[] _leaves = ReferenceTree.Leaves(300);

    public void Dispose()
    {
        _log.Dispose();
        foreach (var witness in _witnesses) witness.Dispose();
    }

    [Theory]
    [InlineData("quorum none", "", true)]
    [InlineData("quorum W1", "1", true)]
    [InlineData("quorum W1", "2", false)]
    [InlineData("group G any W1 W2\nquorum G", "2", true)]
    [InlineData("group G any W1 W2\nquorum G", "34", false)]
    [InlineData("group G all W1 W2\nquorum G", "12", true)]
    [InlineData("group G all W1 W2\nquorum G", "1", false)]
    [InlineData("group G 2 W1 W2 W3\nquorum G", "13", true)]
    [InlineData("group G 2 W1 W2 W3\nquorum G", "14", false)]
    [InlineData("group X all W1 W2\ngroup Y any W3 W4\ngroup Z all X Y\nquorum Z", "124", true)]
    [InlineData("group X all W1 W2\ngroup Y any W3 W4\ngroup Z all X Y\nquorum Z", "134", false)]
    [InlineData("group X all W1 W2\ngroup Y any W3 W4\ngroup Z 1 X Y\nquorum Z", "3", true)]
    public void Enough_witnesses_are_as_many_as_the_policy_says(string quorum, string cosigners, bool enough)
    {
        var note = CheckpointOf(300).Sign(_log);
        foreach (var i in cosigners) note = Cosignature.Cosign(note, _witnesses[i - '1'], Now);
        Policy(quorum).TryOpen(note.ToBytes(), out var checkpoint, out var fault).ShouldBe(enough);
        if (enough)
        {
            checkpoint!.Head.ShouldBeEquivalentTo(CheckpointOf(300));
            checkpoint.Witnessed.Count.ShouldBe(cosigners.Length);
            checkpoint.Witnessed.ShouldAllBe(w => w.At == Now);
        }
        else
        {
            fault!.Code.ShouldBe("checkpoint_quorum_missed");
        }
    }

    [Fact]
    public void One_witness_twice_is_one_witness()
    {
        var first = Cosignature.Cosign(CheckpointOf(300).Sign(_log), _witnesses[0], Now);
        var later = Cosignature.Cosign(CheckpointOf(300).Sign(_log), _witnesses[0], Now.AddSeconds(1));
        Fault(Policy("group G 2 W1 W2\nquorum G"), [.. first.ToBytes(), .. Encoding.UTF8.GetBytes(later.Signatures[^1].ToString())]).ShouldBe("checkpoint_quorum_missed");
    }

    [Fact]
    public void A_log_may_have_another_origin_than_its_key_has_a_name_if_the_policy_says_so_and_then_no_other()
    {
        var named = Note.Unsealed(new Checkpoint("an older log", 300, CheckpointOf(300).Root).ToText()).SignedBy(_log).ToBytes();
        var policy = TrustPolicy.Of(_log.Verifier);
        Fault(policy, named).ShouldBe("checkpoint_origin_unknown");
        (policy with { Origin = "an older log" }).TryOpen(named, out var checkpoint, out _).ShouldBeTrue();
        checkpoint!.Head.Origin.ShouldBe("an older log");
        Fault(policy with { Origin = "an older log" }, CheckpointOf(300).Sign(_log).ToBytes()).ShouldBe("checkpoint_origin_unknown");
    }

    [Fact]
    public void A_log_that_is_not_trusted_is_not_believed_whoever_cosigned()
    {
        var policy = Policy("quorum W1");
        using var other = SigningKey.Generate("ledger.example/consent/vms", SignatureType.Ed25519);
        using var impostor = SigningKey.Generate(Origin, SignatureType.Ed25519);
        Fault(policy, Cosigned(new Checkpoint("ledger.example/consent/vms", 300, default).Sign(other))).ShouldBe("checkpoint_origin_unknown");
        Fault(policy, Cosigned(CheckpointOf(300).Sign(impostor))).ShouldBe("checkpoint_unsigned");
        Fault(policy, Cosigned(Note.Unsealed(CheckpointOf(300).ToText()))).ShouldBe("checkpoint_unsigned");
        Fault(policy, CheckpointOf(300).Sign(impostor).ToBytes()).ShouldBe("note_unsigned");

        // Another trusted log's signature says nothing about this one.
        var both = new TrustPolicy([_log.Verifier, other.Verifier], [], new Quorum.None());
        Fault(both, Note.Unsealed(CheckpointOf(300).ToText()).SignedBy(other).ToBytes()).ShouldBe("note_unsigned");
        Fault(policy, "no checkpoint\n\n— a x08go/ZJkg==\n"u8.ToArray()).ShouldBe("checkpoint_malformed");
        Fault(policy, "no note"u8.ToArray()).ShouldBe("note_malformed");
    }

    [Fact]
    public void A_known_witness_whose_signature_does_not_hold_refuses_the_checkpoint()
    {
        var cosigned = Cosigned(CheckpointOf(300).Sign(_log));
        var moved = Note.TryParse(cosigned, out var note, out _) ? note.Signatures[^1] : throw new InvalidOperationException();
        Fault(Policy("quorum none"), [.. CheckpointOf(299).Sign(_log).ToBytes(), .. Encoding.UTF8.GetBytes(moved.ToString())]).ShouldBe("note_signature_invalid");
    }

    [Theory]
    [InlineData("")]
    [InlineData("quorum none\nquorum none")]
    [InlineData("quorum W9")]
    [InlineData("quorum W1 W2")]
    [InlineData("quorum G\ngroup G any W1")]
    [InlineData("group G 0 W1\nquorum G")]
    [InlineData("group G 2 W1\nquorum G")]
    [InlineData("group G 01 W1\nquorum G")]
    [InlineData("group G some W1\nquorum G")]
    [InlineData("group G any\nquorum none")]
    [InlineData("group G any W9\nquorum G")]
    [InlineData("group G any W1 W1\nquorum G")]
    [InlineData("group G any W1\ngroup H any W1\nquorum H")]
    [InlineData("group W1 any W2\nquorum W1")]
    [InlineData("group none any W2\nquorum none")]
    [InlineData("group G any none\nquorum G")]
    [InlineData("Quorum none")]
    [InlineData("quorum none\r")]
    [InlineData("# a\u0007\nquorum none")]
    [InlineData("# a\u007F\nquorum none")]
    [InlineData("log LOG\nquorum none")]
    [InlineData("log WITNESS\nquorum none")]
    [InlineData("witness W9 LOG\nquorum none")]
    [InlineData("witness W9 WITNESS\nquorum none")]
    [InlineData("witness W9 x+y+z\nquorum none")]
    public void A_policy_that_could_mean_two_things_is_refused(string lines)
    {
        TrustPolicyReader.TryRead(PolicyText(lines), out _, out var fault).ShouldBeFalse();
        fault!.Code.ShouldBe("trust_policy_invalid");
    }

    [Fact]
    public void A_comment_may_be_in_any_language() => Policy("# dès maintenant\u0085\nquorum none").Quorum.ShouldBe(new Quorum.None());

    [Fact]
    public void A_receipt_holds_offline_for_its_entry_and_no_other()
    {
        var receipt = Receipt(7);
        LogProof.TryParse(receipt.ToBytes(), out var read, out _).ShouldBeTrue();
        read!.ToBytes().ShouldBe(receipt.ToBytes());
        read.TryVerify(_leaves[7], Policy("quorum W1"), out var checkpoint, out _).ShouldBeTrue();
        checkpoint!.Head.Size.ShouldBe(300);
        FaultOf(read, _leaves[8]).ShouldBe("proof_root_mismatch");
        FaultOf(read with { Index = 8 }, _leaves[7]).ShouldBe("proof_root_mismatch");
        FaultOf(read with { Hashes = [.. read.Hashes.Skip(1)] }, _leaves[7]).ShouldBe("proof_length_wrong");
        read.TryVerify(_leaves[7], Policy("quorum W2"), out checkpoint, out var fault).ShouldBeFalse();
        (checkpoint, fault!.Code).ShouldBe((null, "checkpoint_quorum_missed"));
    }

    [Fact]
    public void Any_byte_of_a_receipt_flipped_is_found_but_in_what_nobody_signed()
    {
        var receipt = Receipt(7);
        var bytes = receipt.ToBytes();
        var extra = Encoding.UTF8.GetString(bytes).IndexOf("extra ", StringComparison.Ordinal) + 6;
        var extraEnd = extra + Convert.ToBase64String(receipt.Extra.Span).Length;
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 1;
            var holds = LogProof.TryParse(bytes, out var read, out _) && read.TryVerify(_leaves[7], Policy("quorum W1"), out _, out _);
            if (i < extra || i >= extraEnd) holds.ShouldBeFalse($"byte {i}");
            bytes[i] ^= 1;
        }
    }

    /// <summary>C2SP tlog-proof; the cases of transparency-dev/formats.</summary>
    [Theory]
    [InlineData("wrong-header\nindex 0\n\ncheckpoint\n")]
    [InlineData("c2sp.org/tlog-proof@v1\nextra !!notbase64!!\nindex 0\n\ncheckpoint\n")]
    [InlineData("c2sp.org/tlog-proof@v1\nextra \nindex 0\n\ncheckpoint\n")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 0\nextra QQ==\n\ncheckpoint\n")]
    [InlineData("c2sp.org/tlog-proof@v1\n\n\ncheckpoint\n")]
    [InlineData("c2sp.org/tlog-proof@v1\n\nindex 0\n\ncheckpoint\n")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex notanumber\n\ncheckpoint\n")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex -5\n\ncheckpoint\n")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 05\n\ncheckpoint\n")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 1\0\0\n\ncheckpoint\n")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex \n\ncheckpoint\n")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 0\n!!notbase64!!\n\ncheckpoint\n")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\ncheckpoint\n")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 0\n")]
    public void What_is_no_receipt_is_refused(string text)
    {
        LogProof.TryParse(Encoding.UTF8.GetBytes(text), out _, out var fault).ShouldBeFalse();
        fault!.Code.ShouldBe("log_proof_malformed");
    }

    [Fact]
    public void A_receipt_is_these_lines()
    {
        var hash = Hash.Of(System.Security.Cryptography.SHA256.HashData("hash1"u8));
        Encoding.UTF8.GetString(new LogProof(10, "extra information"u8.ToArray(), [hash], "checkpoint data\n"u8.ToArray()).ToBytes())
            .ShouldBe($"c2sp.org/tlog-proof@v1\nextra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 10\n{hash.ToBase64()}\n\ncheckpoint data\n");
        Encoding.UTF8.GetString(new LogProof(0, default, [], "checkpoint\n"u8.ToArray()).ToBytes()).ShouldBe("c2sp.org/tlog-proof@v1\nindex 0\n\ncheckpoint\n");
        LogProof.TryParse(new LogProof(0, default, [], new byte[2 * Note.MaxLength]).ToBytes(), out _, out _).ShouldBeFalse();
        var hashes = string.Concat(Enumerable.Repeat(hash.ToBase64() + "\n", 64));
        LogProof.TryParse(Encoding.UTF8.GetBytes($"c2sp.org/tlog-proof@v1\nindex 0\n{hashes}\ncheckpoint\n"), out _, out _).ShouldBeFalse();
    }

    private Checkpoint CheckpointOf(int size) => new(Origin, size, Frontier.Empty.Append(_leaves.AsMemory(0, size)).Root);

    private byte[] Cosigned(Note note) => Cosignature.Cosign(note, _witnesses[0], Now).ToBytes();

    private LogProof Receipt(int index)
    {
        var tree = new ReferenceTree(_leaves);
        return new LogProof(index, "order-17"u8.ToArray(), InclusionProof.Prove(index, 300, tree.Node), Cosigned(CheckpointOf(300).Sign(_log)));
    }

    private string FaultOf(LogProof receipt, Hash leaf)
    {
        receipt.TryVerify(leaf, Policy("quorum W1"), out var checkpoint, out var fault).ShouldBeFalse();
        checkpoint.ShouldBeNull();
        return fault!.Code;
    }

    private static string Fault(TrustPolicy policy, byte[] note)
    {
        policy.TryOpen(note, out var checkpoint, out var fault).ShouldBeFalse();
        checkpoint.ShouldBeNull();
        return fault!.Code;
    }

    private TrustPolicy Policy(string lines) => TrustPolicyReader.TryRead(PolicyText(lines), out var policy, out var fault) ? policy : throw new ArgumentException(fault.Reason);

    private string PolicyText(string lines)
    {
        var witnesses = string.Concat(_witnesses.Select((w, i) => $"witness W{i + 1}\t{w.Verifier} https://w{i + 1}.example/\n"));
        return $"# whom we believe\n\n  log {_log.Verifier}\n{witnesses}{lines.Replace("LOG", _log.Verifier.ToString(), StringComparison.Ordinal).Replace("WITNESS", _witnesses[0].Verifier.ToString(), StringComparison.Ordinal)}\n";
    }
}
