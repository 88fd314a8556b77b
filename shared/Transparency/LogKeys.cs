using System.Security.Cryptography;
using ConsentLedger.EventStore;
using ConsentLedger.Ledger;
using ConsentLedger.Vault;

namespace ConsentLedger.Transparency;

/// <summary>Under which names and with which key a service signs its tenants' logs: one seed a service, one origin a tenant.</summary>
public sealed class LogKeys : IDisposable
{
    private readonly string _origin;
    private readonly byte[] _seed;
    private readonly byte[] _publicKey;

    /// <param name="origin">Host and service, such as <c>ledger.example.org/consent</c>. A log has it for ever.</param>
    /// <param name="seed">32 bytes, of Ed25519.</param>
    /// <exception cref="ArgumentException">No such origin, or no such seed.</exception>
    public LogKeys(string origin, ReadOnlySpan<byte> seed)
    {
        if (origin.Contains("://", StringComparison.Ordinal) || origin.StartsWith('/') || origin.EndsWith('/') || !origin.Contains('/'))
            throw new ArgumentException($"Ledger__Origin is '{origin}'. It is host and service, without a scheme, such as ledger.example.org/consent.");
        using var key = new SigningKey(origin, SignatureType.Ed25519, seed);
        (_origin, _seed, _publicKey) = (origin, seed.ToArray(), key.Verifier.PublicKey.ToArray());
    }

    /// <exception cref="KeyFileRefusedException">Others than its owner may touch the file, or it does not hold a seed.</exception>
    public static LogKeys Read(string origin, string path)
    {
        var seed = KeyFile.Read("log key", path, ifMissing: "whoever follows the log believes no other. A new one is a new log (docs/operations.md)");
        try
        {
            return new LogKeys(origin, seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <summary>The service, as the sender of what it says of its logs.</summary>
    public Uri Source => new($"https://{_origin}");

    /// <summary>The tenant's log, and the name of its key.</summary>
    public string OriginOf(TenantId tenant) => $"{_origin}/{tenant}";

    public VerifierKey VerifierOf(TenantId tenant) => new(OriginOf(tenant), SignatureType.Ed25519, _publicKey);

    public Note Sign(TenantId tenant, Checkpoint checkpoint)
    {
        using var key = new SigningKey(OriginOf(tenant), SignatureType.Ed25519, _seed);
        return checkpoint.Sign(key);
    }

    /// <summary>Another text in the name of the tenant's log, such as a certificate. It can be taken for no checkpoint.</summary>
    /// <exception cref="ArgumentException">The text is no note's, or a checkpoint's.</exception>
    public Note Sign(TenantId tenant, ReadOnlySpan<byte> text)
    {
        if (Checkpoint.TryParse(text, out _, out _)) throw new ArgumentException("A checkpoint is signed as one.", nameof(text));
        using var key = new SigningKey(OriginOf(tenant), SignatureType.Ed25519, _seed);
        return Note.Unsealed(text).SignedBy(key);
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_seed);
}
