namespace ConsentLedger.Ledger;

/// <summary>Why bytes, a proof or a signature are not to be believed: a stable code for programs, a sentence for people. Repeats nothing of an entry's contents.</summary>
public sealed record LedgerFault(string Code, string Reason);
