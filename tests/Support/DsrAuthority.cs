using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ConsentLedger.Support;

/// <summary>A certificate authority for one test, and what it issues.</summary>
public sealed class DsrAuthority : IDisposable
{
    private static readonly DateTimeOffset From = TimeProvider.System.GetUtcNow().AddDays(-1), Until = From.AddYears(1);

    private readonly RSA _key = RSA.Create(2048);

    public DsrAuthority()
    {
        var request = new CertificateRequest("CN=An authority for tests", _key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        Root = request.CreateSelfSigned(From, Until);
    }

    public X509Certificate2 Root { get; }

    /// <param name="until">Null for long enough.</param>
    public X509Certificate2 Issue(string domain, RSA key, DateTimeOffset? until = null)
    {
        using var issued = Request(domain, key).Create(Root, From, until ?? Until.AddDays(-1), RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(key);
    }

    public static X509Certificate2 SelfSigned(string domain, RSA key) => Request(domain, key).CreateSelfSigned(From, Until);

    /// <summary>Writes what a service is configured with: certificate, key and the root.</summary>
    public void WriteTo(string folder, string domain)
    {
        using var key = RSA.Create(2048);
        using var certificate = Issue(domain, key);
        File.WriteAllText(Path.Combine(folder, "opendsr.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "opendsr.key"), key.ExportPkcs8PrivateKeyPem());
        File.SetUnixFileMode(Path.Combine(folder, "opendsr.key"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        WriteRoot(Path.Combine(folder, "opendsr-roots.pem"));
    }

    public void WriteRoot(string file) => File.WriteAllText(file, Root.ExportCertificatePem());

    public void Dispose()
    {
        Root.Dispose();
        _key.Dispose();
    }

    private static CertificateRequest Request(string domain, RSA key)
    {
        var request = new CertificateRequest($"CN={domain}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(domain);
        request.CertificateExtensions.Add(names.Build());
        return request;
    }
}
