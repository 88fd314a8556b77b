using System.Collections.Concurrent;
using System.Globalization;
using System.Xml;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.ServiceDefaults;

/// <summary>
/// The system's clock, moved by what the file says that <c>Clock:OffsetFile</c> names: a year passes for a test when it writes <c>P365D</c> there. A timer that is
/// running goes off as soon as its moment has come by the moved clock; one set back keeps nothing waiting for longer than it asked to.
/// </summary>
/// <remarks>
/// Only the time of day moves. What is measured by <see cref="TimeProvider.GetTimestamp"/>, such as how long a key may be believed in, and what strangers' clocks
/// have a say in, tokens and witnesses, stays with the real one: <see cref="RealClock"/>.
/// </remarks>
internal sealed class OffsetClock : TimeProvider, IDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<MovedTimer, byte> _timers = [];
    private readonly string _file;
    private readonly Lock _looks = new();
    private readonly ITimer _looking;
    private long _offset;

    /// <param name="file">An ISO 8601 duration, such as <c>-PT5M</c>, or a time span, such as <c>365.00:00:00</c>. Nothing has moved while there is no such file.</param>
    public OffsetClock(string file)
    {
        _file = file;
        _offset = TryRead(file, out var offset) ? offset.Ticks : throw new InvalidOperationException($"Clock__OffsetFile names {file}, which holds no duration, such as P30D or -00:05:00.");
        _looking = System.CreateTimer(_ => Look(), null, LookInterval, LookInterval);
    }

    public TimeSpan Offset => new(Volatile.Read(ref _offset));

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new MovedTimer(this, callback, state, dueTime, period);

    public void Dispose() => _looking.Dispose();

    /// <summary>Reads the file again. What is half written there counts when it is whole.</summary>
    internal void Look()
    {
        // One look after the other: what was read first must not be noted last.
        lock (_looks)
        {
            if (!TryRead(_file, out var offset)) return;
            var by = offset.Ticks - Interlocked.Exchange(ref _offset, offset.Ticks);
            if (by <= 0) return;
            foreach (var timer in _timers.Keys) timer.Pass(TimeSpan.FromTicks(by));
        }
    }

    private static bool TryRead(string file, out TimeSpan offset)
    {
        offset = default;
        try
        {
            var text = File.ReadAllText(file).Trim();
            if (TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out offset)) return true;
            offset = XmlConvert.ToTimeSpan(text);
            return true;
        }
        catch (FileNotFoundException)
        {
            return true;
        }
        catch (Exception e) when (e is IOException or FormatException or OverflowException)
        {
            return false;
        }
    }

    private sealed class MovedTimer : ITimer
    {
        private readonly OffsetClock _clock;
        private readonly Lock _gate = new();
        private readonly ITimer _inner;
        private readonly Action _goOff;
        private long? _since;
        private TimeSpan _left;
        private TimeSpan _period;

        public MovedTimer(OffsetClock clock, TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (_clock, _goOff) = (clock, () => callback(state));
            _inner = System.CreateTimer(_ => GoOff(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _clock._timers.TryAdd(this, 0);
            Change(dueTime, period);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_gate)
            {
                (_period, _left) = (period, dueTime);
                _since = dueTime == Timeout.InfiniteTimeSpan ? null : System.GetTimestamp();
                return _inner.Change(dueTime, Timeout.InfiniteTimeSpan);
            }
        }

        /// <summary>So much time went by in no time.</summary>
        public void Pass(TimeSpan time)
        {
            lock (_gate)
            {
                if (_since is not { } since) return;
                var left = _left - System.GetElapsedTime(since) - time;
                (_since, _left) = (System.GetTimestamp(), left > TimeSpan.Zero ? left : TimeSpan.Zero);
                _inner.Change(_left, Timeout.InfiniteTimeSpan);
            }
        }

        public void Dispose()
        {
            _clock._timers.TryRemove(this, out _);
            _inner.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            _clock._timers.TryRemove(this, out _);
            return _inner.DisposeAsync();
        }

        private void GoOff()
        {
            lock (_gate)
            {
                if (_since is null) return;
                _since = null;
                if (_period > TimeSpan.Zero)
                {
                    (_since, _left) = (System.GetTimestamp(), _period);
                    _inner.Change(_period, Timeout.InfiniteTimeSpan);
                }
            }

            _goOff();
        }
    }
}

public static class RealClock
{
    /// <summary>
    /// The clock that nobody moves, for what is agreed on with others by it: whether a token has expired, whether a witness signed just now, and how long other
    /// processes may believe in a key. Any other clock is itself.
    /// </summary>
    public static TimeProvider Unmoved(this TimeProvider clock) => clock is OffsetClock ? TimeProvider.System : clock;

    internal static void AddClock(this IServiceCollection services, IConfiguration configuration)
    {
        if (configuration["Clock:OffsetFile"] is not { Length: > 0 } file)
        {
            services.TryAddSingleton(TimeProvider.System);
            return;
        }

        var clock = new OffsetClock(file);
        services.AddSingleton<TimeProvider>(clock);
        services.AddHostedService(provider => new MovedClockWarning(clock, file, provider.GetRequiredService<ILogger<MovedClockWarning>>()));
    }
}

/// <summary>Says at every start that what this service records may carry a time that never was.</summary>
internal sealed partial class MovedClockWarning(OffsetClock clock, string file, ILogger<MovedClockWarning> log) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        CanBeMoved(file, clock.Offset);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(Level = LogLevel.Critical, Message = "FOR TESTS ONLY: the clock of this service can be moved by {File}, and now is by {Offset}. What it records is dated by it. Unset Clock__OffsetFile wherever records matter.")]
    private partial void CanBeMoved(string file, TimeSpan offset);
}
