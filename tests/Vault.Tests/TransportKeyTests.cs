using System.Security.Cryptography;
using ConsentLedger.EventStore;

namespace ConsentLedger.Vault.Tests;

/// <summary>A subject's key on its way to a successor opens there, as this subject's and nobody else's.</summary>
public sealed class TransportKeyTests : IDisposable
{
    private static readonly StreamKey Subject = new(TenantId.Parse("quintus"), new StreamId(new Guid("00112233-4455-6677-8899-aabbccddeeff")));
    private static readonly Guid Id = new("0195a1b2-0000-7000-8000-0000000000aa");
    private static readonly RSA Successor = RSA.Create(3072);

    private readonly TransportKey _transport = TransportKey.Create();

    public void Dispose() => _transport.Dispose();

    [Fact]
    public void What_was_sealed_before_opens_after()
    {
        using var key = NewKey();
        var envelope = key.Seal(Subject, 1, "192.0.2.1"u8);
        var part = new SealedPart(envelope.Envelope, envelope.Commitment.Bytes.ToArray());
        TransportKey.TryOpen(Successor, _transport.WrapFor(Successor), out var there).ShouldBeTrue();
        using (there)
        {
            there.TryUnwrap(_transport.Wrap(key), Subject, Id, out var again).ShouldBeTrue();
            using (again)
            {
                again.Open(1, part).ShouldBe("192.0.2.1"u8.ToArray());
                Should.Throw<EnvelopeRefusedException>(() => again.Open(1, part with { Commitment = new byte[32] }));
            }
        }
    }

    [Fact]
    public void It_is_the_subjects_and_nobody_elses()
    {
        using var key = NewKey();
        var wrapped = _transport.Wrap(key);
        _transport.TryUnwrap(wrapped, Subject with { Tenant = TenantId.Parse("vms") }, Id, out _).ShouldBeFalse();
        _transport.TryUnwrap(wrapped, Subject with { Id = new StreamId(Id) }, Id, out _).ShouldBeFalse();
        _transport.TryUnwrap(wrapped, Subject, Subject.Id.Value, out _).ShouldBeFalse();
        using var another = TransportKey.Create();
        another.TryUnwrap(wrapped, Subject, Id, out _).ShouldBeFalse();
        foreach (var other in (byte[][])[[], [1], wrapped[..^8], [.. wrapped, .. wrapped], .. wrapped.Select((_, at) => (byte[])[.. wrapped.Select((b, i) => i == at ? (byte)(b ^ 1) : b)])])
            _transport.TryUnwrap(other, Subject, Id, out _).ShouldBeFalse();
    }

    [Fact]
    public void Only_the_successor_opens_it()
    {
        var wrapped = _transport.WrapFor(Successor);
        using var stranger = RSA.Create(3072);
        TransportKey.TryOpen(stranger, wrapped, out _).ShouldBeFalse();
        TransportKey.TryOpen(Successor, wrapped[1..], out _).ShouldBeFalse();
        TransportKey.TryOpen(Successor, Successor.Encrypt(new byte[16], RSAEncryptionPadding.OaepSHA256), out _).ShouldBeFalse();
    }

    private static SubjectKey NewKey() => new(Subject, Id, RandomNumberGenerator.GetBytes(Sealing.KeyLength));
}
