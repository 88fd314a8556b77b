namespace ConsentLedger.EventStore;

/// <summary>Why a command was not carried out: a stable code for programs, a sentence for people. Never holds personal data.</summary>
public sealed record Refusal(string Code, string Reason);

/// <summary>An event about to be recorded: clear facts, and what is personal, which is sealed before it is stored.</summary>
/// <param name="KeyId">The subject's key that the event is about, where it seals nothing under it: one destroyed, say.</param>
public sealed record NewEvent(object Facts, ReadOnlyMemory<byte> Personal = default, Guid KeyId = default)
{
    /// <summary>Where it belongs when not in the command's own stream: one of those that the command reads. All of a decision's events are recorded together.</summary>
    public StreamKey? Stream { get; init; }
}

/// <summary>What a decider answers: events to record, a refusal, or nothing to do.</summary>
public abstract record Decision
{
    private Decision() { }

    /// <param name="Note">A word about the effect that a repeat of the command must hear again, such as <c>withdrawal-prevails</c>.</param>
    public sealed record Record(IReadOnlyList<NewEvent> Events, string? Note = null) : Decision;

    public sealed record Refuse(Refusal Refusal) : Decision;

    public sealed record Nothing : Decision;

    public static Decision Of(params IEnumerable<object> facts) => new Record([.. facts.Select(f => new NewEvent(f))]);

    public static Decision No(string code, string reason) => new Refuse(new Refusal(code, reason));

    public static Decision Unchanged { get; } = new Nothing();
}

/// <summary>How a command ended. The same command id again hears the first <see cref="Recorded"/>, <see cref="Unchanged"/> or <see cref="Refused"/>.</summary>
public abstract record Outcome
{
    private Outcome() { }

    /// <param name="Version">The stream's version after the last event.</param>
    /// <param name="Position">The tenant-wide position of the first event.</param>
    /// <param name="Events">How many events were recorded.</param>
    public sealed record Recorded(long Version, long Position, int Events, string? Note) : Outcome;

    public sealed record Unchanged(long Version) : Outcome;

    public sealed record Refused(Refusal Refusal) : Outcome;

    /// <summary>The stream is not at the version that the caller expected. Nothing was decided, nothing remembered.</summary>
    public sealed record Conflict(long ActualVersion) : Outcome;

    /// <summary>The command id was used before, with another body. Nothing was decided.</summary>
    public sealed record IdReused : Outcome;
}
