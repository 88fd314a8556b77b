namespace ConsentLedger.Vault;

/// <summary>
/// Who holds the key-encryption keys (KEKs): files, a cloud's key management, a transit engine. A KEK lives for an epoch and is then destroyed,
/// and with it every backup of what it wrapped. Whose the bytes are is bound into them (<see cref="BoundKey"/>), so that no holder has to know.
/// </summary>
public interface IKekProvider
{
    /// <summary>Which KEKs there are by now: epochs begin and end while services run.</summary>
    /// <exception cref="VaultUnavailableException">The holder cannot be reached.</exception>
    Task<KekEpochs> ReadEpochsAsync(CancellationToken ct);

    /// <summary>Wraps under the present epoch's KEK.</summary>
    /// <exception cref="VaultUnavailableException">The holder cannot be reached.</exception>
    Task<WrappedKey> WrapAsync(ReadOnlyMemory<byte> key, CancellationToken ct);

    /// <summary>Unwraps under the epoch that wrapped it. The bytes are the caller's to zero.</summary>
    /// <exception cref="VaultUnavailableException">The holder cannot be reached, no longer has that epoch's KEK, or the wrapped bytes are damaged.</exception>
    Task<byte[]> UnwrapAsync(WrappedKey key, CancellationToken ct);
}

/// <param name="Epoch">The KEK that unwraps it.</param>
public sealed record WrappedKey(Guid Epoch, byte[] Bytes);

/// <param name="Present">The one that wraps.</param>
/// <param name="Earlier">Those that only unwrap any more. One whose time has yet to come is neither.</param>
public sealed record KekEpochs(KekEpoch Present, IReadOnlyList<KekEpoch> Earlier);

/// <param name="Name">What the holder's operator calls it, such as the name of its file.</param>
public sealed record KekEpoch(Guid Epoch, string Name);
