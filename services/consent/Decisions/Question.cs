namespace ConsentLedger.Consent.Decisions;

/// <summary>Whoever waits in a round of <see cref="TenantSubjects"/>, and what they will hear.</summary>
internal sealed class Question(IReadOnlyList<StreamId> subjects, bool remember)
{
    public IReadOnlyList<StreamId> Subjects => subjects;

    public bool Remember => remember;

    /// <summary>Why nothing can be decided, though all was found.</summary>
    public Exception? Fault { get; set; }

    /// <summary>Who waits for it goes on where it is told.</summary>
    public TaskCompletionSource<SubjectsAsOf> Answer { get; } = new();

    public void Tell(SubjectsAsOf answer) => _ = Fault is null ? Answer.TrySetResult(answer) : Answer.TrySetException(Fault);
}
