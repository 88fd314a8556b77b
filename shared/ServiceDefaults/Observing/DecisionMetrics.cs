using System.Diagnostics.Metrics;

namespace ConsentLedger.ServiceDefaults;

/// <summary>How often a service said yes and no, and why: the codes of docs/refusals.md, never for whom.</summary>
public sealed class DecisionMetrics
{
    public const string Name = "ConsentLedger.Decisions";

    private readonly Counter<long> _decisions;

    public DecisionMetrics(IMeterFactory meters) =>
        _decisions = meters.Create(Name).CreateCounter<long>("consentledger.decisions", "{decision}", "Questions answered, by answer and reason.");

    /// <param name="count">Of how many persons.</param>
    public void Answered(bool allowed, string code, int count = 1) => _decisions.Add(count, new("answer", allowed ? "yes" : "no"), new("code", code));
}
