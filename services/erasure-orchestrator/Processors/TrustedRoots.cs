using System.Security.Cryptography.X509Certificates;

namespace ConsentLedger.ErasureOrchestrator.Processors;

/// <summary>Whose certificates of OpenDSR processors are believed: the machine's authorities, or those in the PEM file that <c>OpenDsr:TrustedRootsFile</c> names.</summary>
public sealed class TrustedRoots : IDisposable
{
    private readonly X509Certificate2Collection? _roots;
    private readonly X509RevocationMode _revocation;
    private readonly TimeProvider _clock;

    public TrustedRoots(IConfiguration configuration, TimeProvider clock)
    {
        _clock = clock;
        _revocation = configuration.GetValue("OpenDsr:Revocation", X509RevocationMode.Online);
        if (configuration["OpenDsr:TrustedRootsFile"] is not { Length: > 0 } file) return;
        _roots = [];
        _roots.ImportFromPemFile(file);
    }

    /// <summary>Issued to this domain by somebody believed, and good now. One that vouches for itself never is (section 4.1).</summary>
    /// <param name="others">What came with it, and may lead to a root.</param>
    public bool Vouch(X509Certificate2 certificate, X509Certificate2Collection others, string domain)
    {
        if (!certificate.MatchesHostname(domain, allowWildcards: true, allowCommonName: false)) return false;
        if (certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData)) return false;

        // Only what leads to a root is asked whether it was revoked: whoever nobody believes would choose which URL this service fetches.
        return LeadsToRoot(certificate, others, X509RevocationMode.NoCheck) && (_revocation == X509RevocationMode.NoCheck || LeadsToRoot(certificate, others, _revocation));
    }

    private bool LeadsToRoot(X509Certificate2 certificate, X509Certificate2Collection others, X509RevocationMode revocation)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = revocation;

        // What leads to the root comes with it, or it does not count.
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = _clock.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.ExtraStore.AddRange(others);
        if (_roots is not null)
        {
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(_roots);
        }

        return chain.Build(certificate);
    }

    public void Dispose()
    {
        foreach (var root in _roots ?? []) root.Dispose();
    }
}
