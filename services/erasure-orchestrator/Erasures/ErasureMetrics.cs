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
        meter.CreateObservableGauge("consentledger.erasure.silent_tasks", () => BySystem(s => s.Silent), "{task}", "Of these, told three times or more, and kept by no hold.");
        meter.CreateObservableGauge("consentledger.erasure.time_left", () => _waiting?.TimeLeft is { } left ? [new Measurement<double>(left.TotalSeconds)] : Array.Empty<Measurement<double>>(), "s", "Until the first open request or case that no hold keeps is due; below zero where it was.");
        _calls = meter.CreateCounter<long>("consentledger.erasure.calls", "{call}", "Calls to processors, by their kind and answer.");
    }

    /// <param name="waiting">Null where it is not for this process to look any more.</param>
    internal void Saw(Waiting? waiting) => _waiting = waiting;

    internal void Called(ProcessorKind kind, TaskReply reply) =>
        _calls.Add(1, new("kind", ErasureTables.NameOf(kind)), new("answer", reply.GetType().Name.ToLowerInvariant()));

    private IEnumerable<Measurement<long>> BySystem(Func<SystemWaiting, long> count) =>
        _waiting?.Systems.Select(s => new Measurement<long>(count(s), new KeyValuePair<string, object?>("system", s.System))) ?? [];
}

/// <param name="TimeLeft">Until the first open request, or case of which nobody has said whose it is, is due, unless a hold keeps it; below zero where it was. Null where there is none.</param>
public sealed record Waiting(IReadOnlyList<SystemWaiting> Systems, TimeSpan? TimeLeft);

/// <param name="System">One of ours by its name, the others by their kind.</param>
/// <param name="Silent">Of the open ones, those told three times or more.</param>
public sealed record SystemWaiting(string System, long Open, long Silent);
