namespace ConsentLedger.Resilience;

/// <summary>How one remote is called, from <c>Resilience:&lt;name&gt;</c>. What is not set there is as the code that calls it says.</summary>
public sealed class Remote
{
    /// <summary>For the whole call, with every attempt and every wait. Null for as long as it takes.</summary>
    public int? TimeoutMs { get; set; }

    /// <summary>For each attempt. Null where what is called keeps a limit of its own.</summary>
    public int? AttemptTimeoutMs { get; set; }

    /// <summary>The first one counted. Null, in the configuration an empty value, until it answers.</summary>
    public int? Attempts { get; set; }

    /// <summary>Before the second attempt; then about twice as long each time, never exactly, so that replicas do not come back together.</summary>
    public int BaseDelayMs { get; set; } = 100;

    /// <summary>No wait is longer. A remote that asks for a longer one is not asked again by this call.</summary>
    public int MaxDelayMs { get; set; } = 2000;

    /// <summary>Null where there is nothing better to do than to wait.</summary>
    public Breaker? Breaker { get; set; }

    internal IEnumerable<string> Faults()
    {
        if (TimeoutMs is < 10 or > Limits.DayMs) yield return $"{nameof(TimeoutMs)} is from 10 to {Limits.DayMs}";
        if (AttemptTimeoutMs is < 10 or > Limits.DayMs) yield return $"{nameof(AttemptTimeoutMs)} is from 10 to {Limits.DayMs}";
        if (AttemptTimeoutMs > TimeoutMs) yield return $"{nameof(AttemptTimeoutMs)} is at most {nameof(TimeoutMs)}";
        if (Attempts is < 1) yield return $"{nameof(Attempts)} is at least 1";
        if (BaseDelayMs is < 1 or > Limits.DayMs) yield return $"{nameof(BaseDelayMs)} is from 1 to {Limits.DayMs}";
        if (MaxDelayMs < BaseDelayMs || MaxDelayMs > Limits.DayMs) yield return $"{nameof(MaxDelayMs)} is from {nameof(BaseDelayMs)} to {Limits.DayMs}";
        foreach (var fault in Breaker?.Faults() ?? []) yield return $"{nameof(Breaker)}:{fault}";
    }
}

/// <summary>When enough calls fail, the next ones are not made at all for a while: nobody hangs with a remote that hangs, and it gets room to recover.</summary>
public sealed class Breaker
{
    /// <summary>The part of the calls in the window that must have failed, above 0 and up to 1.</summary>
    public double FailureRatio { get; set; } = 0.5;

    /// <summary>Fewer calls than this in the window say nothing.</summary>
    public int MinimumCalls { get; set; } = 10;

    public int WindowMs { get; set; } = 10_000;

    /// <summary>How long nothing is asked. Then one call finds out.</summary>
    public int BreakMs { get; set; } = 2000;

    internal IEnumerable<string> Faults()
    {
        if (FailureRatio is not (> 0 and <= 1)) yield return $"{nameof(FailureRatio)} is above 0 and at most 1";
        if (MinimumCalls < 2) yield return $"{nameof(MinimumCalls)} is at least 2";
        if (WindowMs is < 500 or > Limits.DayMs) yield return $"{nameof(WindowMs)} is from 500 to {Limits.DayMs}";
        if (BreakMs is < 500 or > Limits.DayMs) yield return $"{nameof(BreakMs)} is from 500 to {Limits.DayMs}";
    }
}

internal static class Limits
{
    public const int DayMs = 86_400_000;
}
