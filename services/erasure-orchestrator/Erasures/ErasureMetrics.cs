using System.Diagnostics.Metrics;

namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <summary>What waits for an answer, as last looked. Every replica sees the same database and says the same.</summary>
public sealed class ErasureMetrics
{
    public const string Name = "ConsentLedger.ErasureOrchestrator";

    private volatile Waiting? _waiting;

    public ErasureMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Name);
        meter.CreateObservableGauge("consentledger.erasure.open_tasks", () => BySystem(s => s.Open), "{task}", "Erasure tasks without an answer, by the system that was told.");
        meter.CreateObservableGauge("consentledger.erasure.silent_tasks", () => BySystem(s => s.Silent), "{task}", "Of these, told three times or more.");
        meter.CreateObservableGauge("consentledger.erasure.oldest_open_age", () => _waiting is { } w ? [new Measurement<double>(w.OldestAge.TotalSeconds)] : Array.Empty<Measurement<double>>(), "s", "How long ago the oldest running erasure was asked for; zero without one.");
    }

    internal void Saw(Waiting waiting) => _waiting = waiting;

    private IEnumerable<Measurement<long>> BySystem(Func<SystemWaiting, long> count) =>
        _waiting?.Systems.Select(s => new Measurement<long>(count(s), new KeyValuePair<string, object?>("system", s.System))) ?? [];
}

/// <param name="OldestAge">Since the oldest running request was received.</param>
public sealed record Waiting(IReadOnlyList<SystemWaiting> Systems, TimeSpan OldestAge);

/// <param name="Silent">Of the open ones, those told three times or more.</param>
public sealed record SystemWaiting(string System, long Open, long Silent);
