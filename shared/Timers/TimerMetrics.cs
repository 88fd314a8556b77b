using System.Diagnostics.Metrics;

namespace ConsentLedger.Timers;

/// <summary>What an operator watches of time's work, under <see cref="Name"/>.</summary>
public sealed class TimerMetrics
{
    public const string Name = "ConsentLedger.Timers";

    private readonly Counter<long> _fired;
    private readonly Counter<long> _failures;
    private object? _lag;

    public TimerMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Name);
        _fired = meter.CreateCounter<long>("consentledger.timers.fired", "{event}", "Events that were recorded because their time had come.");
        _failures = meter.CreateCounter<long>("consentledger.timers.failures", "{attempt}", "Attempts to record what fell due in a stream that failed for another reason than an outage; the stream is put off.");
        meter.CreateObservableGauge("consentledger.timers.lag", () => Volatile.Read(ref _lag) is double lag ? [new Measurement<double>(lag)] : Array.Empty<Measurement<double>>(), "s",
            "How long ago the oldest timer that has not fired was due; said by the one replica that fires them.");
    }

    internal void Fired(string kind, int events) => _fired.Add(events, new KeyValuePair<string, object?>("kind", kind));

    internal void Failed(string kind) => _failures.Add(1, new KeyValuePair<string, object?>("kind", kind));

    /// <param name="lag">Null in a replica that fires none.</param>
    internal void Lags(TimeSpan? lag) => Volatile.Write(ref _lag, lag?.TotalSeconds);
}
