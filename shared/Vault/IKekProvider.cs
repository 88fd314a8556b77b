namespace ConsentLedger.Vault;

/// <summary>
/// Who holds the key-encryption keys (KEKs): a file, a cloud's key management, a transit engine. A KEK lives for an epoch and is then destroyed,
/// and with it every backup of what it wrapped.
/// </summary>
public interface IKekProvider
{
    /// <summary>Wraps under the present epoch's KEK.</summary>
    /// <exception cref="VaultUnavailableException">The holder cannot be reached.</exception>
    Task<WrappedKey> WrapAsync(ReadOnlyMemory<byte> key, CancellationToken ct);

    /// <summary>Unwraps under the epoch that wrapped it. The bytes are the caller's to zero.</summary>
    /// <exception cref="VaultUnavailableException">The holder cannot be reached, no longer has that epoch's KEK, or the wrapped bytes are damaged.</exception>
    Task<byte[]> UnwrapAsync(WrappedKey key, CancellationToken ct);
}

/// <param name="Epoch">The KEK that unwraps it.</param>
public sealed record WrappedKey(Guid Epoch, byte[] Bytes);
