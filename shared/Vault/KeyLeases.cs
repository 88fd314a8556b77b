using ConsentLedger.EventStore;

namespace ConsentLedger.Vault;

/// <summary>
/// Keys already unwrapped, each believed for <see cref="Duration"/> from before it was read: a key that any process destroys is out of use
/// in all of them that much later. Bounded, and every key is zeroed when its lease ends.
/// </summary>
internal sealed class KeyLeases : IDisposable
{
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(5);
    public const int MaxLeases = 10_000;

    private readonly TimeProvider _clock;
    private readonly Lock _guard = new();
    private readonly Dictionary<StreamKey, (SubjectKey Key, long Since)> _leases = [];
    private readonly ITimer _sweep;
    private long _drops;

    public KeyLeases(TimeProvider clock)
    {
        _clock = clock;
        _sweep = clock.CreateTimer(_ => Sweep(), null, Duration, Duration);
    }

    public int Count
    {
        get
        {
            lock (_guard) return _leases.Count;
        }
    }

    /// <summary>A copy of the subject's key, or null where none is on lease.</summary>
    public SubjectKey? Find(StreamKey subject)
    {
        lock (_guard)
            return _leases.TryGetValue(subject, out var lease) && !IsOver(lease.Since) ? lease.Key.Copy() : null;
    }

    /// <summary>To be taken before a key is read from the vault; the lease runs from here.</summary>
    public Reading BeginReading()
    {
        lock (_guard) return new Reading(_clock.GetTimestamp(), _drops);
    }

    /// <summary>Takes the key over, to lease it unless any was dropped since the reading began: it may have been this one.</summary>
    public void Keep(SubjectKey key, Reading reading)
    {
        lock (_guard)
        {
            if (reading.Drops != _drops || IsOver(reading.Since))
            {
                key.Dispose();
                return;
            }

            if (_leases.Count >= MaxLeases) End([.. _leases.Keys]);
            End([key.Subject]);
            _leases.Add(key.Subject, (key, reading.Since));
        }
    }

    public void Drop(StreamKey subject)
    {
        lock (_guard)
        {
            _drops++;
            End([subject]);
        }
    }

    public void Dispose()
    {
        _sweep.Dispose();
        lock (_guard)
        {
            _drops++;
            End([.. _leases.Keys]);
        }
    }

    private void Sweep()
    {
        lock (_guard) End([.. _leases.Where(l => IsOver(l.Value.Since)).Select(l => l.Key)]);
    }

    private void End(ReadOnlySpan<StreamKey> subjects)
    {
        foreach (var subject in subjects)
            if (_leases.Remove(subject, out var lease)) lease.Key.Dispose();
    }

    private bool IsOver(long since) => _clock.GetElapsedTime(since) >= Duration;

    internal readonly record struct Reading(long Since, long Drops);
}
