using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;
using ConsentLedger.ErasureOrchestrator.Outbound;
using ConsentLedger.ErasureOrchestrator.Register;

namespace ConsentLedger.ErasureOrchestrator.Processors;

/// <summary>What an OpenDSR processor says of itself, and the certificate that its signatures are held against.</summary>
/// <param name="Domain">The one it signs for.</param>
/// <param name="Root">Its endpoints are below this.</param>
public sealed record KnownProcessor(string Domain, Uri Root, DsrDiscovery Discovery, X509Certificate2 Certificate, DateTimeOffset ReadAt)
{
    /// <summary>OpenGDPR 1.0, the specification before it was renamed, called requests by its own name.</summary>
    public Uri Requests => new(Root, Root.AbsolutePath.EndsWith("/v1/", StringComparison.Ordinal) ? DsrWords.OldRequests : "requests");
}

/// <summary>Reads discovery and certificate once an hour, and again when a signature does not hold: a certificate may have been renewed.</summary>
public sealed class KnownProcessors(OutboundHttp http, ProcessorLanes lanes, TrustedRoots roots, TimeProvider clock)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromHours(1);

    // Whoever sends rubbish in a processor's name must not make us ask it each time.
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<(Uri, string), KnownProcessor> _known = [];

    public static string DomainOf(Processor processor) => processor.Domain ?? processor.Endpoint!.Host;

    /// <summary>The major version comes first in the path; an endpoint that has none speaks 2.</summary>
    public static Uri RootOf(Uri endpoint)
    {
        var path = endpoint.AbsolutePath.TrimEnd('/');
        return new Uri(endpoint, path.EndsWith("/v1", StringComparison.Ordinal) || path.EndsWith("/v2", StringComparison.Ordinal) ? $"{path}/" : $"{path}/v2/");
    }

    /// <exception cref="ProcessorLiedException">What it says of itself is not to be believed.</exception>
    public async Task<KnownProcessor> ReadAsync(TenantId tenant, Processor processor, CancellationToken ct)
    {
        var key = (processor.Endpoint!, DomainOf(processor));
        if (_known.TryGetValue(key, out var known) && clock.GetUtcNow() - known.ReadAt < Fresh) return known;
        return _known[key] = await lanes.CallAsync(tenant, processor.Id, limited => DiscoverAsync(processor, limited), ct);
    }

    /// <summary>Whether the processor signed this body for its domain, by what is known of it now or, where that is not new, by what it says then.</summary>
    /// <exception cref="ProcessorLiedException"/>
    public async Task<bool> SignedAsync(TenantId tenant, Processor processor, string domain, string signature, ReadOnlyMemory<byte> body, CancellationToken ct)
    {
        if (!string.Equals(domain, DomainOf(processor), StringComparison.OrdinalIgnoreCase)) return false;
        var known = await ReadAsync(tenant, processor, ct);
        if (DsrSignature.Verifies(known.Certificate, body.Span, signature)) return true;
        if (clock.GetUtcNow() - known.ReadAt < AskAgainAfter) return false;
        _known.TryRemove((processor.Endpoint!, DomainOf(processor)), out _);
        return DsrSignature.Verifies((await ReadAsync(tenant, processor, ct)).Certificate, body.Span, signature);
    }

    private async Task<KnownProcessor> DiscoverAsync(Processor processor, CancellationToken ct)
    {
        var (root, domain) = (RootOf(processor.Endpoint!), DomainOf(processor));
        var (discovery, _) = DsrDiscovery.Read(await GetAsync(new Uri(root, "discovery"), ct));
        if (discovery is null) throw new ProcessorLiedException("discovery-malformed");

        // Section 6.3: the certificate lies on the domain that is discovered.
        if (!Uri.TryCreate(discovery.ProcessorCertificate, UriKind.Absolute, out var url) || !string.Equals(url.Host, root.Host, StringComparison.OrdinalIgnoreCase) || !http.MayCall(url))
            throw new ProcessorLiedException("certificate-elsewhere");
        return new KnownProcessor(domain, root, discovery, CertificateOf(await GetAsync(url, ct), domain), clock.GetUtcNow());
    }

    private X509Certificate2 CertificateOf(byte[] bytes, string domain)
    {
        try
        {
            var all = new X509Certificate2Collection();
            if (bytes.AsSpan().IndexOf("-----BEGIN"u8) >= 0) all.ImportFromPem(System.Text.Encoding.ASCII.GetString(bytes));
            else all.Add(X509CertificateLoader.LoadCertificate(bytes));
            if (all.Count > 0 && roots.Vouch(all[0], all, domain)) return all[0];
        }
        catch (CryptographicException)
        {
            throw new ProcessorLiedException("certificate-malformed");
        }

        throw new ProcessorLiedException("certificate-untrusted");
    }

    private async Task<byte[]> GetAsync(Uri url, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        var answer = await http.SendAsync(request, ct);
        lanes.EnsureAnswered(answer);
        return answer.Body;
    }
}
