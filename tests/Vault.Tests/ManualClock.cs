namespace ConsentLedger.Vault.Tests;

/// <summary>Stands still until told to move on; its timers fire as it passes them.</summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _now;

    public override long GetTimestamp() => _now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(() => callback(state), _now + dueTime, period);
        _timers.Add(timer);
        return timer;
    }

    public void Pass(TimeSpan time)
    {
        _now += time;
        foreach (var timer in _timers) timer.FireUntil(_now);
    }

    private sealed class ManualTimer(Action fire, DateTimeOffset due, TimeSpan period) : ITimer
    {
        private DateTimeOffset? _due = due;

        public void FireUntil(DateTimeOffset now)
        {
            for (; _due <= now; _due += period) fire();
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => throw new NotSupportedException("These timers keep their period.");

        public void Dispose() => _due = null;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
