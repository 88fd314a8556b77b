using ConsentLedger.EventStore;
using ConsentLedger.Ledger;

namespace ConsentLedger.Vault.Tests;

public sealed class SubjectKeyTests
{
    private static readonly StreamKey Subject = new(TenantId.Parse("vms"), new StreamId(new Guid("00112233-4455-6677-8899-aabbccddeeff")));

    [Fact]
    public void Seals_as_the_event_store_asks_and_opens_it_again()
    {
        using var key = NewKey();
        Seal seal = key.Seal;
        key.Open(3, seal(Subject, 3, "192.0.2.1"u8).Envelope).ShouldBe("192.0.2.1"u8.ToArray());
    }

    [Fact]
    public void What_is_disclosed_of_one_event_opens_it_and_no_other()
    {
        using var key = NewKey();
        var (first, second) = (key.Seal(Subject, 1, "192.0.2.1"u8), key.Seal(Subject, 2, "192.0.2.2"u8));
        var keys = key.Disclose(1, first.Envelope);

        Sealing.OpenDisclosed(keys, PlaceOf(1), PartOf(first)).ShouldBe("192.0.2.1"u8.ToArray());
        Should.Throw<EnvelopeRefusedException>(() => Sealing.OpenDisclosed(keys, PlaceOf(2), PartOf(second)));
        Should.Throw<EnvelopeRefusedException>(() => Sealing.OpenDisclosed(keys, PlaceOf(2), PartOf(first)));

        static SealedPart PartOf(Sealed part) => new(part.Envelope, part.Commitment.Bytes.ToArray());
    }

    [Fact]
    public void What_is_disclosed_is_held_against_the_commitment()
    {
        using var key = NewKey();
        var part = key.Seal(Subject, 1, "192.0.2.1"u8);
        var other = key.Seal(Subject, 1, "192.0.2.1"u8);
        var keys = key.Disclose(1, part.Envelope);

        Should.Throw<EnvelopeRefusedException>(() => Sealing.OpenDisclosed(keys, PlaceOf(1), new SealedPart(part.Envelope, other.Commitment.Bytes.ToArray())));
        Should.Throw<EnvelopeRefusedException>(() => Sealing.OpenDisclosed(keys.AsSpan(1), PlaceOf(1), new SealedPart(part.Envelope, part.Commitment.Bytes.ToArray())));
        Should.Throw<EnvelopeRefusedException>(() => key.Disclose(1, part.Envelope.AsSpan(1)));
        Should.Throw<EnvelopeRefusedException>(() => Sealing.OpenDisclosed(keys, PlaceOf(1), new SealedPart([], part.Commitment.Bytes.ToArray())));
    }

    [Fact]
    public void Seals_nothing_of_another_stream_or_tenant()
    {
        using var key = NewKey();
        Should.Throw<ArgumentException>(() => key.Seal(Subject with { Id = new StreamId(Guid.Empty) }, 1, "x"u8));
        Should.Throw<ArgumentException>(() => key.Seal(Subject with { Tenant = TenantId.Parse("quintus") }, 1, "x"u8));
    }

    [Fact]
    public void A_disposed_key_is_zeroed_and_neither_seals_nor_opens()
    {
        byte[] bytes = [.. Enumerable.Repeat((byte)7, 32)];
        var key = new SubjectKey(Subject, Guid.Empty, bytes);
        var envelope = key.Seal(Subject, 1, "x"u8).Envelope;
        key.Dispose();

        bytes.ShouldAllBe(b => b == 0);
        Should.Throw<ObjectDisposedException>(() => key.Seal(Subject, 1, "x"u8));
        Should.Throw<ObjectDisposedException>(() => key.Open(1, envelope));
        Should.Throw<ObjectDisposedException>(() => key.Disclose(1, envelope));
        Should.Throw<ObjectDisposedException>(key.Copy);
        Should.Throw<ObjectDisposedException>(() => key.Mask(default));
    }

    [Fact]
    public void A_masked_digest_is_the_same_on_every_replica_and_another_under_every_key()
    {
        var digest = Digest.Of("address=a@example.org"u8);
        using SubjectKey one = KeyOf(1), same = KeyOf(1), other = KeyOf(2);
        one.Mask(digest).ShouldBe(same.Mask(digest));
        new[] { digest, one.Mask(digest), other.Mask(digest), one.Mask(Digest.Of("address=b@example.org"u8)) }.Distinct().Count().ShouldBe(4);

        static SubjectKey KeyOf(byte fill) => new(Subject, Guid.Empty, [.. Enumerable.Repeat(fill, 32)]);
    }

    [Fact]
    public async Task A_key_disposed_while_it_seals_never_seals_half_zeroed()
    {
        for (var round = 0; round < 60; round++)
        {
            using var kept = NewKey();
            var key = kept.Copy();
            using var started = new Barrier(2);
            var sealing = Task.Run(() =>
            {
                var envelopes = new List<byte[]>();
                started.SignalAndWait();
                try
                {
                    for (var i = 0; i < 20_000; i++) envelopes.Add(key.Seal(Subject, 1, "x"u8).Envelope);
                }
                catch (ObjectDisposedException)
                {
                    // As it should end.
                }

                return envelopes;
            });
            started.SignalAndWait();
            key.Dispose();
            foreach (var envelope in await sealing) kept.Open(1, envelope).ShouldBe("x"u8.ToArray());
        }
    }

    private static readonly Guid KeyId = new("0f0e0d0c-0b0a-0908-0706-050403020100");

    private static SealedPlace PlaceOf(long version) => new(EntryType.Event, Subject.Id, version, KeyId);

    private static SubjectKey NewKey() => new(Subject, KeyId, [.. Enumerable.Repeat((byte)7, 32)]);
}
