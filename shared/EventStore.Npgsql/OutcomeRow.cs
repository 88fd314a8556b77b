namespace ConsentLedger.EventStore.Npgsql;

/// <summary>The outcome of a command that recorded nothing, as a row of <c>ledger_commands</c>.</summary>
internal readonly record struct OutcomeRow(short Kind, long Version, string? Code, string? Reason)
{
    public const short Unchanged = 0, Refused = 2;

    public static OutcomeRow Of(Outcome outcome) => outcome switch
    {
        Outcome.Unchanged unchanged => new(Unchanged, unchanged.Version, null, null),
        Outcome.Refused { Refusal: var refusal } => new(Refused, 0, refusal.Code, refusal.Reason),
        _ => throw new InvalidOperationException($"{outcome.GetType().Name} decides nothing and is not remembered."),
    };
}
