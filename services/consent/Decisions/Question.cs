namespace ConsentLedger.Consent.Decisions;

/// <summary>Whoever waits in a round of <see cref="TenantSubjects"/>, and what they will hear.</summary>
internal sealed class Question(IReadOnlyList<StreamId> subjects, bool remember)
{
    public IReadOnlyList<StreamId> Subjects => subjects;

    public bool Remember => remember;

    /// <summary>Why nothing can be decided, though all was found.</summary>
    public Exception? Fault { get; set; }

    /// <summary>Whoever asked about one subject goes on where they are told. Who asked about many has much to do, and others would wait for them.</summary>
    public TaskCompletionSource<SubjectsAsOf> Answer { get; } = new(subjects.Count > 1 ? TaskCreationOptions.RunContinuationsAsynchronously : TaskCreationOptions.None);

    public void Tell(SubjectsAsOf answer) => _ = Fault is null ? Answer.TrySetResult(answer) : Answer.TrySetException(Fault);
}
