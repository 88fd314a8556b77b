using ConsentLedger.EventStore;

namespace ConsentLedger.Vault;

/// <summary>
/// The vault, or the holder of its KEKs, did not answer in a way that can be believed. Never to be read as "no key" or as "erased":
/// what needs the key waits or fails, and asking again finds out.
/// </summary>
public class VaultUnavailableException(string reason, Exception? inner = null) : StoreUnavailableException(reason, inner);

/// <summary>The KEK that would unwrap a key is not there: lost for now, or destroyed for good.</summary>
public sealed class KekMissingException(string reason) : VaultUnavailableException(reason);
