namespace ConsentLedger.Resilience.Tests;

/// <summary>Time that passes only when told. A test waits for the timer that it expects, and then lets that much time pass.</summary>
internal sealed class ManualClock : TimeProvider
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TimeSpan _passed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Noon + Passed;

    public override long GetTimestamp() => Passed.Ticks;

    private TimeSpan Passed
    {
        get
        {
            lock (_gate) return _passed;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>The time until the next timer of those that are for less than <paramref name="below"/>, as soon as there is one.</summary>
    public async Task<TimeSpan> NextAsync(TimeSpan below)
    {
        while (true)
        {
            Task started;
            lock (_gate)
            {
                if (_timers.Select(t => t.Due - _passed).Where(left => left < below).Cast<TimeSpan?>().Min() is { } next) return next;
                started = _started.Task;
            }

            await started.WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    public void Pass(TimeSpan time)
    {
        List<ManualTimer> due;
        lock (_gate)
        {
            _passed += time;
            due = [.. _timers.Where(t => t.Due <= _passed)];
            foreach (var timer in due) _timers.Remove(timer);
        }

        foreach (var timer in due) timer.Fire();
    }

    private sealed class ManualTimer(ManualClock clock, Action fire) : ITimer
    {
        public TimeSpan Due { get; private set; }

        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                clock._timers.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan) return true;
                Due = clock._passed + dueTime;
                clock._timers.Add(this);
                clock._started.TrySetResult();
                clock._started = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            return true;
        }

        public void Dispose()
        {
            lock (clock._gate) clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
