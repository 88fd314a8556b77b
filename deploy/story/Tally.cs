namespace ConsentLedger.Story;

/// <summary>The columns of the table at the end.</summary>
internal enum Column
{
    Subjects,
    GrantsOverHttp,
    GrantsOverAmqp,
    Refused,
    SendsAllowed,
    SendsRefused,
    OneClicks,
    Withdrawals,
    ImportRefused,
    Erased,
    UnsubscribesHeard,
}

/// <summary>Counts that many tasks add to.</summary>
internal sealed class Tally
{
    private readonly int[] _counts = new int[Enum.GetValues<Column>().Length];

    public int this[Column column] => Volatile.Read(ref _counts[(int)column]);

    public void Add(Column column, int count = 1) => Interlocked.Add(ref _counts[(int)column], count);
}
