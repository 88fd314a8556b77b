using System.Diagnostics.Metrics;

namespace ConsentLedger.Support;

/// <summary>Meters of one test, and everything measured on them: what another test measures meanwhile is not in it.</summary>
public sealed class Measurements : IMeterFactory
{
    private readonly List<Meter> _meters = [];
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly List<(Instrument Instrument, string Measurement)> _seen = [];

    public Measurements()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == this) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    public Meter Create(MeterOptions options)
    {
        options.Scope = this;
        var meter = new Meter(options);
        _meters.Add(meter);
        return meter;
    }

    /// <summary>What was measured under this name, each as <c>value tag=value,tag=value</c>; of a gauge, what it says now.</summary>
    public IReadOnlyList<string> Of(string name)
    {
        lock (_gate)
        {
            _seen.RemoveAll(m => m.Instrument.IsObservable);
            _listener.RecordObservableInstruments();
            return [.. _seen.Where(m => m.Instrument.Name == name).Select(m => m.Measurement)];
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _meters.ForEach(meter => meter.Dispose());
    }

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var words = new List<string>();
        foreach (var (key, tag) in tags) words.Add($"{key}={tag}");
        lock (_gate) _seen.Add((instrument, $"{value:0.###} {string.Join(',', words)}".Trim()));
    }
}
