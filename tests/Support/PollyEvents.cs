using System.Diagnostics.Metrics;

namespace ConsentLedger.Support;

/// <summary>Reads Polly's meter as an operator would: a test awaits what it counts instead of sleeping.</summary>
public sealed class PollyEvents : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly List<(string Pipeline, string Event, TaskCompletionSource Seen)> _awaited = [];

    /// <param name="of">The service under test, told apart from others in this process by its factory.</param>
    public PollyEvents(IMeterFactory of)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == of && instrument.Name == "resilience.polly.strategy.events") listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((_, _, tags, _) => Saw(Tag(tags, "pipeline.name"), Tag(tags, "event.name")));
        _listener.Start();
    }

    /// <param name="name">Such as <c>OnRetry</c>, from now on.</param>
    public Task NextAsync(string pipeline, string name)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate) _awaited.Add((pipeline, name, seen));
        return seen.Task.WaitAsync(Patience);
    }

    public void Dispose() => _listener.Dispose();

    private void Saw(string? pipeline, string? name)
    {
        lock (_gate)
            foreach (var awaited in _awaited)
                if (awaited.Pipeline == pipeline && awaited.Event == name) awaited.Seen.TrySetResult();
    }

    private static string? Tag(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
    {
        foreach (var tag in tags)
            if (tag.Key == name) return tag.Value as string;
        return null;
    }
}
