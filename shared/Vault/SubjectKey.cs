using System.Security.Cryptography;
using ConsentLedger.EventStore;
using ConsentLedger.Ledger;

namespace ConsentLedger.Vault;

/// <summary>One subject's data key, in the clear. Belongs to whoever holds it and is zeroed when they dispose it, after which it seals and opens nothing.</summary>
public sealed class SubjectKey : IDisposable
{
    // A command may still be sealing on the decider loop when its caller has given up and disposes the key: a half-zeroed key must never seal.
    private readonly Lock _guard = new();
    private readonly byte[] _key;
    private bool _disposed;

    /// <param name="key">Owned, and zeroed, by this object from now on.</param>
    internal SubjectKey(StreamKey subject, Guid id, byte[] key) => (Subject, Id, _key) = (subject, id, key);

    public StreamKey Subject { get; }

    public Guid Id { get; }

    /// <summary>Seals what is personal in one event of the subject's stream; fits <see cref="EventStore.Seal"/>.</summary>
    public Sealed Seal(StreamKey stream, long version, ReadOnlySpan<byte> personal)
    {
        if (stream != Subject) throw new ArgumentException("A subject's key seals nothing of another stream.", nameof(stream));
        lock (_guard)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var part = Sealing.Seal(_key, PlaceOf(version), personal);
            return new Sealed(Id, part.Envelope, Hash.Of(part.Commitment));
        }
    }

    /// <summary>Opens the envelope of the subject's event at this version.</summary>
    /// <exception cref="EnvelopeRefusedException">It is not what was sealed there.</exception>
    public byte[] Open(long version, ReadOnlySpan<byte> envelope)
    {
        lock (_guard)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return Sealing.Open(_key, PlaceOf(version), envelope);
        }
    }

    /// <summary>Opens, and checks the text against what the ledger committed to.</summary>
    /// <inheritdoc cref="Open(long, ReadOnlySpan{byte})"/>
    public byte[] Open(long version, SealedPart part)
    {
        lock (_guard)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return Sealing.Open(_key, PlaceOf(version), part);
        }
    }

    /// <summary>
    /// The digest as nobody without this key can compute it. A bare digest of a body with an address in it can be found by trying addresses, and would be kept when the
    /// address is gone.
    /// </summary>
    public Digest Mask(Digest digest)
    {
        Span<byte> key = stackalloc byte[Sealing.KeyLength];
        lock (_guard)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, key, salt: [], "cl/v1/command"u8);
        }

        try
        {
            return new Digest(new Guid(HMACSHA256.HashData(key, digest.Value.ToByteArray(bigEndian: true)).AsSpan(0, 16), bigEndian: true));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>What opens the subject's event at this version and nothing else, for <see cref="Sealing.OpenDisclosed"/>: <see cref="Sealing.EventKeysLength"/> bytes.</summary>
    /// <exception cref="EnvelopeRefusedException">It is no envelope.</exception>
    public byte[] Disclose(long version, ReadOnlySpan<byte> envelope)
    {
        lock (_guard)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return Sealing.EventKeys(_key, PlaceOf(version), envelope);
        }
    }

    public void Dispose()
    {
        lock (_guard)
        {
            _disposed = true;
            CryptographicOperations.ZeroMemory(_key);
        }
    }

    /// <summary>The key with whose it is, for wrapping. To be zeroed.</summary>
    internal byte[] Bound()
    {
        lock (_guard)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return BoundKey.Join(_key, Subject, Id);
        }
    }

    internal SubjectKey Copy()
    {
        lock (_guard)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return new SubjectKey(Subject, Id, [.. _key]);
        }
    }

    private SealedPlace PlaceOf(long version) => new(EntryType.Event, Subject.Id, version, Id);
}
