using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

/// <summary>What we take, and the certificate that our answers are signed with: for everybody, as section 6 has it.</summary>
public static class DsrDiscover
{
    public const string CertificatePath = "/opendsr/certificate.pem";

    /// <summary>Addresses are found by a keyed hash of our own, so that a bare hash of one finds nobody: raw, or the id under which the controller itself told us of the person.</summary>
    public static IReadOnlyList<DsrSupportedIdentity> Supported { get; } =
        [new(DsrWords.ControllerCustomerId, DsrWords.NameOf(DsrFormat.Raw)), new(DsrWords.Email, DsrWords.NameOf(DsrFormat.Raw))];

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/v2/discovery", (DsrOffer offer) => Discover(offer, DsrWords.ApiVersion)).AllowAnonymous().ExcludeFromDescription();
        api.MapGet("/v1/discovery", (DsrOffer offer) => Discover(offer, "1.0")).AllowAnonymous().ExcludeFromDescription();
        api.MapGet(CertificatePath, (DsrOffer offer) => offer.Signer is { } signer ? TypedResults.Bytes(signer.CertificatePem, "application/x-pem-file") : (IResult)DsrResult.NotFound).AllowAnonymous().ExcludeFromDescription();
    }

    private static DsrResult Discover(DsrOffer offer, string version) => offer.Signer is { } signer
        ? DsrResult.Of(StatusCodes.Status200OK, new DsrDiscovery(
            version, Supported, [.. DsrWords.Types.Keys.Order(StringComparer.Ordinal)], new Uri(signer.PublicUrl, CertificatePath).ToString()))
        : DsrResult.NotFound;
}
