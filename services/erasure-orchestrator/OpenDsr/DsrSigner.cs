using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

/// <summary>
/// What this service is to controllers: its domain, its certificate, and the key that signs whatever it says to them. From <c>OpenDsr:PublicUrl</c>,
/// <c>OpenDsr:CertificateFile</c> (PEM, the certificate first and what leads to its root after it) and <c>OpenDsr:KeyFile</c> (PEM).
/// </summary>
public sealed class DsrSigner : IDisposable
{
    private readonly RSA _key;

    private DsrSigner(Uri publicUrl, byte[] certificatePem, RSA key) => (PublicUrl, CertificatePem, _key) = (publicUrl, certificatePem, key);

    public Uri PublicUrl { get; }

    public string Domain => PublicUrl.Host;

    public byte[] CertificatePem { get; }

    /// <summary>Null where the installation does not offer OpenDSR.</summary>
    /// <exception cref="InvalidOperationException">It does, and not with what it needs.</exception>
    public static DsrSigner? Read(IConfiguration configuration)
    {
        if (configuration["OpenDsr:PublicUrl"] is not { Length: > 0 } url) return null;
        if (!Uri.TryCreate(url, UriKind.Absolute, out var publicUrl) || publicUrl.Scheme is not ("https" or "http")) throw new InvalidOperationException("OpenDsr__PublicUrl is no URL; https://opendsr.example.com is one.");
        var certificateFile = configuration["OpenDsr:CertificateFile"] ?? throw new InvalidOperationException("OpenDsr__CertificateFile is not set.");
        var keyFile = configuration["OpenDsr:KeyFile"] ?? throw new InvalidOperationException("OpenDsr__KeyFile is not set.");
        using var certificate = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
        if (!certificate.MatchesHostname(publicUrl.Host, allowWildcards: true, allowCommonName: false)) throw new InvalidOperationException("OpenDsr__CertificateFile is not issued to the host of OpenDsr__PublicUrl.");
        var key = certificate.GetRSAPrivateKey() ?? throw new InvalidOperationException("OpenDsr__KeyFile holds no RSA key.");
        if (key.KeySize < DsrSignature.MinKeyBits) throw new InvalidOperationException($"OpenDsr__KeyFile holds a key of less than {DsrSignature.MinKeyBits} bits.");
        return new DsrSigner(publicUrl, Encoding.ASCII.GetBytes(File.ReadAllText(certificateFile)), key);
    }

    public string Sign(ReadOnlySpan<byte> body)
    {
        // One key for all answers, and RSA objects are not for several threads at once.
        lock (_key) return DsrSignature.Sign(_key, body);
    }

    public void Dispose() => _key.Dispose();
}

/// <summary>Whether this installation offers OpenDSR, and as whom.</summary>
/// <param name="Signer">Null where it does not.</param>
public sealed record DsrOffer(DsrSigner? Signer);
