namespace ConsentLedger.Vault;

/// <summary>What the vault knows of a subject's key. That it cannot be asked is no answer but a <see cref="VaultUnavailableException"/>.</summary>
public abstract record KeyAnswer
{
    private KeyAnswer() { }

    /// <param name="Key">The caller's own, to be disposed.</param>
    public sealed record Present(SubjectKey Key) : KeyAnswer;

    /// <summary>Nothing personal was ever sealed for this subject.</summary>
    public sealed record Never : KeyAnswer;

    /// <summary>The key is gone, and no other will take its place.</summary>
    /// <param name="KeyId">Which key it was; null where the subject was erased before it had one.</param>
    public sealed record Erased(Guid? KeyId, DateTimeOffset At) : KeyAnswer;
}
