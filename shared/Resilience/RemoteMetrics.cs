using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Polly.CircuitBreaker;
using Polly.Telemetry;

namespace ConsentLedger.Resilience;

/// <summary>
/// What Polly tells of its pipelines, under the names its own extensions package gives them, which not every package source has: meter, instruments and
/// tags are the documented ones, so dashboards made for Polly fit. An exception is told by its type only, because its text may quote a person.
/// </summary>
public sealed class RemoteMetrics : TelemetryListener
{
    /// <summary>Polly's own meter.</summary>
    public const string Polly = "Polly";

    public const string Name = "ConsentLedger.Resilience";

    private const int MostAttemptsTold = 10;

    private readonly ConcurrentBag<(string Name, string? What, CircuitBreakerStateProvider State)> _breakers = [];
    private readonly Counter<int> _events;
    private readonly Histogram<double> _attempts;
    private readonly Histogram<double> _calls;

    public RemoteMetrics(IMeterFactory meters)
    {
        var polly = meters.Create(Polly);
        _events = polly.CreateCounter<int>("resilience.polly.strategy.events", description: "Tracks the number of resilience events that occurred in resilience strategies.");
        _attempts = polly.CreateHistogram<double>("resilience.polly.strategy.attempt.duration", "ms", "Tracks the duration of execution attempts.");
        _calls = polly.CreateHistogram<double>("resilience.polly.pipeline.duration", "ms", "The execution duration of resilience pipelines.");
        meters.Create(Name).CreateObservableGauge(
            "consentledger.resilience.circuit_open", () => _breakers.Select(Open), "{circuit}", "1 while a remote is not asked because it kept failing, else 0.");
    }

    public override void Write<TResult, TArgs>(in TelemetryEventArguments<TResult, TArgs> args)
    {
        var tags = new TagList
        {
            { "event.name", args.Event.EventName },
            { "event.severity", args.Event.Severity.ToString() },
            { "pipeline.name", args.Source.PipelineName },
        };
        if (args.Source.PipelineInstanceName is { } instance) tags.Add("pipeline.instance", instance);
        if (args.Source.StrategyName is { } strategy) tags.Add("strategy.name", strategy);
        if (args.Outcome?.Exception is { } exception) tags.Add("exception.type", exception.GetType().FullName);
        switch (args.Arguments)
        {
            case PipelineExecutedArguments call:
                _calls.Record(call.Duration.TotalMilliseconds, tags);
                break;
            case ExecutionAttemptArguments attempt:
                // An outage is waited out in thousands of attempts, and each number would be a series of its own.
                tags.Add("attempt.number", Math.Min(attempt.AttemptNumber, MostAttemptsTold));
                tags.Add("attempt.handled", attempt.Handled);
                _attempts.Record(attempt.Duration.TotalMilliseconds, tags);
                break;
            default:
                _events.Add(1, tags);
                break;
        }
    }

    internal void Watch(string name, string? what, CircuitBreakerStateProvider state) => _breakers.Add((name, what, state));

    private static Measurement<int> Open((string Name, string? What, CircuitBreakerStateProvider State) breaker)
    {
        var tags = new TagList { { "pipeline.name", breaker.Name } };
        if (breaker.What is { } what) tags.Add("pipeline.instance", what);
        return new Measurement<int>(breaker.State.CircuitState == CircuitState.Closed ? 0 : 1, tags);
    }
}
