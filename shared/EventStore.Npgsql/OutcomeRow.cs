using Npgsql;

namespace ConsentLedger.EventStore.Npgsql;

/// <summary>An outcome as a row of <c>ledger_commands</c>.</summary>
/// <param name="Code">A refusal's code, or the note of something recorded.</param>
internal readonly record struct OutcomeRow(short Kind, long Version, long Position, int Events, string? Code, string? Reason)
{
    public static OutcomeRow Of(Outcome outcome) => outcome switch
    {
        Outcome.Unchanged unchanged => new(0, unchanged.Version, 0, 0, null, null),
        Outcome.Recorded recorded => new(1, recorded.Version, recorded.Position, recorded.Events, recorded.Note, null),
        Outcome.Refused { Refusal: var refusal } => new(2, 0, 0, 0, refusal.Code, refusal.Reason),
        _ => throw new InvalidOperationException($"{outcome.GetType().Name} decides nothing and is not remembered."),
    };

    /// <summary>From the columns outcome, version, position, events, code and reason, in this order from <paramref name="first"/>.</summary>
    public static Outcome Read(NpgsqlDataReader reader, int first) => new OutcomeRow(
        reader.GetInt16(first), reader.GetInt64(first + 1), reader.GetInt64(first + 2), reader.GetInt32(first + 3),
        reader.IsDBNull(first + 4) ? null : reader.GetString(first + 4), reader.IsDBNull(first + 5) ? null : reader.GetString(first + 5)).ToOutcome();

    private Outcome ToOutcome() => Kind switch
    {
        0 => new Outcome.Unchanged(Version),
        1 => new Outcome.Recorded(Version, Position, Events, Code),
        _ => new Outcome.Refused(new Refusal(Code!, Reason!)),
    };
}
