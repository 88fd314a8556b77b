using System.Diagnostics.Metrics;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Register;

namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <summary>What waits for an answer, as last looked, and what calls were answered.</summary>
public sealed class ErasureMetrics
{
    public const string Name = "ConsentLedger.ErasureOrchestrator";

    private readonly Counter<long> _calls;
    private volatile Waiting? _waiting;

    public ErasureMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Name);
        meter.CreateObservableGauge("consentledger.erasure.open_tasks", () => BySystem(s => s.Open), "{task}", "Erasure tasks without an answer, by the system that was told.");
        meter.CreateObservableGauge("consentledger.erasure.silent_tasks", () => BySystem(s => s.Silent), "{task}", "Of these, told three times or more.");
        meter.CreateObservableGauge("consentledger.erasure.oldest_open_age", () => _waiting is { } w ? [new Measurement<double>(w.OldestAge.TotalSeconds)] : Array.Empty<Measurement<double>>(), "s", "How long ago the oldest running erasure was asked for; zero without one.");
        _calls = meter.CreateCounter<long>("consentledger.erasure.calls", "{call}", "Calls to processors, by their kind and answer.");
    }

    internal void Saw(Waiting waiting) => _waiting = waiting;

    internal void Called(ProcessorKind kind, TaskReply reply) =>
        _calls.Add(1, new("kind", ErasureTables.NameOf(kind)), new("answer", reply.GetType().Name.ToLowerInvariant()));

    private IEnumerable<Measurement<long>> BySystem(Func<SystemWaiting, long> count) =>
        _waiting?.Systems.Select(s => new Measurement<long>(count(s), new KeyValuePair<string, object?>("system", s.System))) ?? [];
}

/// <param name="OldestAge">Since the oldest running request was received.</param>
public sealed record Waiting(IReadOnlyList<SystemWaiting> Systems, TimeSpan OldestAge);

/// <param name="System">One of ours by its name, the others by their kind.</param>
/// <param name="Silent">Of the open ones, those told three times or more.</param>
public sealed record SystemWaiting(string System, long Open, long Silent);
