namespace ConsentLedger.Chaos.Storm;

/// <summary>What somebody says became of a task.</summary>
internal readonly record struct Word(string Outcome, string? Reason = null);

/// <summary>A task as the processor knows it, under the one reference by which it is told of it however often.</summary>
/// <param name="Truth">What it comes to, where it does not lie.</param>
/// <param name="DoneAt">When.</param>
internal sealed record PlayedTask(string Reference, Guid Request, string Subject, string Type, Word Truth, DateTimeOffset DoneAt)
{
    private readonly Dictionary<Word, bool> _said = [];
    private readonly HashSet<Word> _acknowledged = [];

    public int Tellings { get; set; }

    /// <summary>Words that were taken with a 2xx, and so must be found again.</summary>
    public IReadOnlyCollection<Word> Acknowledged
    {
        get
        {
            lock (_said) return [.. _acknowledged];
        }
    }

    /// <summary>From here on it may have been heard.</summary>
    public void Say(Word word)
    {
        lock (_said) _said.TryAdd(word, _acknowledged.Any(other => other != word));
    }

    public void Acknowledge(Word word)
    {
        lock (_said) _acknowledged.Add(word);
    }

    public bool Said(Word word)
    {
        lock (_said) return _said.ContainsKey(word);
    }

    /// <summary>It was said, and nothing else was taken before.</summary>
    public bool MayStand(Word word)
    {
        lock (_said) return _said.TryGetValue(word, out var wasLate) && !wasLate;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        lock (_said) return $"{Type} {Request}, told {Tellings} times, said {string.Join(", ", _said.Keys)}; taken: {string.Join(", ", _acknowledged)}";
    }
}
