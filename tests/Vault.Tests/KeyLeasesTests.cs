using System.Buffers.Binary;
using ConsentLedger.EventStore;

namespace ConsentLedger.Vault.Tests;

public sealed class KeyLeasesTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly KeyLeases _leases;

    public KeyLeasesTests() => _leases = new KeyLeases(_clock);

    public void Dispose() => _leases.Dispose();

    [Fact]
    public void A_lease_runs_five_seconds_from_before_the_reading_and_use_does_not_prolong_it()
    {
        // Between two sweeps, so that the end is the lease's own.
        _clock.Pass(TimeSpan.FromSeconds(1));
        var key = KeyOf(1);
        var reading = _leases.BeginReading();
        _clock.Pass(TimeSpan.FromSeconds(2));
        _leases.Keep(key, reading);

        _clock.Pass(TimeSpan.FromSeconds(2.9));
        _leases.Find(key.Subject).ShouldNotBeNull().Dispose();
        _clock.Pass(TimeSpan.FromSeconds(0.1));
        _leases.Find(key.Subject).ShouldBeNull();
    }

    [Fact]
    public void A_reading_slower_than_a_lease_is_zeroed_instead_of_kept()
    {
        var key = KeyOf(1);
        var reading = _leases.BeginReading();
        _clock.Pass(KeyLeases.Duration);
        _leases.Keep(key, reading);
        _leases.Count.ShouldBe(0);
        IsZeroed(key);
    }

    [Fact]
    public void What_was_read_before_a_destruction_is_zeroed_instead_of_kept_after_it()
    {
        var key = KeyOf(1);
        var reading = _leases.BeginReading();
        _leases.Drop(key.Subject);
        _leases.Keep(key, reading);
        _leases.Find(key.Subject).ShouldBeNull();
        IsZeroed(key);
    }

    [Fact]
    public void A_lease_that_nobody_asks_for_again_ends_and_is_zeroed_by_itself()
    {
        var key = KeyOf(1);
        _leases.Keep(key, _leases.BeginReading());
        _clock.Pass(KeyLeases.Duration);
        _leases.Count.ShouldBe(0);
        IsZeroed(key);
    }

    [Fact]
    public void A_dropped_or_replaced_lease_is_zeroed_and_what_was_handed_out_stays_its_holders()
    {
        var (first, second) = (KeyOf(1), KeyOf(1));
        _leases.Keep(first, _leases.BeginReading());
        using var handedOut = _leases.Find(first.Subject).ShouldNotBeNull();
        _leases.Keep(second, _leases.BeginReading());
        IsZeroed(first);
        _leases.Drop(second.Subject);
        IsZeroed(second);

        handedOut.Open(1, handedOut.Seal(handedOut.Subject, 1, "x"u8).Envelope).ShouldBe("x"u8.ToArray());
    }

    [Fact]
    public void Nothing_is_left_on_lease_when_the_process_closes_the_vault()
    {
        var (kept, late) = (KeyOf(1), KeyOf(2));
        _leases.Keep(kept, _leases.BeginReading());
        var reading = _leases.BeginReading();
        _leases.Dispose();
        _leases.Keep(late, reading);
        IsZeroed(kept);
        IsZeroed(late);
    }

    [Fact]
    public void There_are_never_more_than_the_bound()
    {
        for (var i = 0; i <= KeyLeases.MaxLeases; i++)
        {
            _leases.Keep(KeyOf(i), _leases.BeginReading());
            _leases.Count.ShouldBeInRange(1, KeyLeases.MaxLeases);
        }

        _leases.Find(KeyOf(KeyLeases.MaxLeases).Subject).ShouldNotBeNull().Dispose();
    }

    private static void IsZeroed(SubjectKey key) => Should.Throw<ObjectDisposedException>(() => key.Seal(key.Subject, 1, "x"u8));

    private static SubjectKey KeyOf(int number)
    {
        var id = new byte[16];
        BinaryPrimitives.WriteInt32BigEndian(id, number);
        return new SubjectKey(new StreamKey(TenantId.Parse("vms"), new StreamId(new Guid(id))), Guid.Empty, [.. Enumerable.Repeat((byte)7, 32)]);
    }
}
