namespace ConsentLedger.Vault;

/// <summary>A key was asked for under a stream whose key was destroyed. There will never be one again; a returning person gets a new stream.</summary>
public sealed class SubjectErasedException() : Exception("The subject's key was destroyed; its stream never gets another.");
