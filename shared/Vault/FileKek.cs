using System.Security.Cryptography;

namespace ConsentLedger.Vault;

/// <summary>
/// A KEK of 32 raw bytes in a file that only its owner may touch. Wraps by AES-KWP (RFC 5649); its epoch is derived from the key, so two files never share one. By itself it is
/// the only one there ever is; <see cref="KekFolder"/> has several.
/// </summary>
public sealed class FileKek : IKekProvider, IDisposable
{
    private readonly byte[] _key;

    private FileKek(byte[] key, string name) =>
        (_key, Name, Epoch) = (key, name, new Guid(SHA256.HashData([.. "cl/v1/kek"u8, .. key]).AsSpan(0, 16), bigEndian: true));

    public Guid Epoch { get; }

    internal string Name { get; }

    /// <exception cref="KeyFileRefusedException">Others than its owner may touch the file, or it does not hold a key.</exception>
    public static FileKek Read(string path) => new(KeyFile.Read("KEK", path, ifMissing: "another one opens nothing that was sealed under it"), Path.GetFileName(path));

    public Task<KekEpochs> ReadEpochsAsync(CancellationToken ct) => Task.FromResult(new KekEpochs(new KekEpoch(Epoch, Name), []));

    public Task<WrappedKey> WrapAsync(ReadOnlyMemory<byte> key, CancellationToken ct) => Task.FromResult(new WrappedKey(Epoch, Wrap(_key, key.Span)));

    public Task<byte[]> UnwrapAsync(WrappedKey key, CancellationToken ct)
    {
        if (key.Epoch != Epoch) throw new KekMissingException($"A key is wrapped under the KEK of epoch {key.Epoch}; the KEK file is of epoch {Epoch}.");
        try
        {
            return Task.FromResult(Unwrap(_key, key.Bytes));
        }
        catch (Exception damaged) when (damaged is CryptographicException or ArgumentException)
        {
            // ArgumentException is what the framework says to a length that no wrapped key has.
            throw new VaultUnavailableException($"A wrapped key is damaged: it does not open under the KEK of epoch {Epoch} that it names.", damaged);
        }
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_key);

    internal static byte[] Wrap(ReadOnlySpan<byte> kek, ReadOnlySpan<byte> key)
    {
        using var aes = Aes.Create();
        aes.SetKey(kek);
        return aes.EncryptKeyWrapPadded(key);
    }

    internal static byte[] Unwrap(ReadOnlySpan<byte> kek, ReadOnlySpan<byte> wrapped)
    {
        using var aes = Aes.Create();
        aes.SetKey(kek);
        return aes.DecryptKeyWrapPadded(wrapped);
    }
}
