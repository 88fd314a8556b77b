using System.Diagnostics.Metrics;

namespace ConsentLedger.Transparency.Signing;

/// <summary>What an operator watches of the log, under <see cref="Name"/>. No tag names a tenant.</summary>
public sealed class LogMetrics
{
    public const string Name = "ConsentLedger.Transparency";

    private readonly Counter<long> _checkpoints;
    private readonly Counter<long> _unwitnessed;
    private readonly Counter<long> _announced;
    private object? _lag;
    private long _refused;

    public LogMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Name);
        _checkpoints = meter.CreateCounter<long>("consentledger.log.checkpoints", "{checkpoint}", "Checkpoints published.");
        _unwitnessed = meter.CreateCounter<long>("consentledger.log.unwitnessed", "{checkpoint}", "Checkpoints signed and not published, because too few witnesses answered.");
        _announced = meter.CreateCounter<long>("consentledger.log.announced", "{checkpoint}", "Checkpoints that the broker confirmed.");
        meter.CreateObservableGauge("consentledger.log.refused", () => Interlocked.Read(ref _refused), "{log}", "Logs that are not what was published of them; nothing more is signed.");
        meter.CreateObservableGauge("consentledger.log.lag", () => Volatile.Read(ref _lag) is long lag ? [new Measurement<long>(lag)] : Array.Empty<Measurement<long>>(), "{event}",
            "Committed events under no published checkpoint yet; said by the one replica that signs.");
    }

    internal void Published() => _checkpoints.Add(1);

    internal void Unwitnessed() => _unwitnessed.Add(1);

    internal void Announced() => _announced.Add(1);

    internal void Refused() => Interlocked.Increment(ref _refused);

    /// <param name="events">Null in a replica that does not sign.</param>
    internal void Lags(long? events) => Volatile.Write(ref _lag, events);
}
