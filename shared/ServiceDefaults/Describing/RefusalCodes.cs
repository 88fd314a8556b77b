using Microsoft.AspNetCore.Builder;

namespace ConsentLedger.ServiceDefaults;

/// <summary>Endpoint metadata: the codes with which a command may be refused here, for the API's description.</summary>
public sealed record RefusalCodes(IReadOnlyList<string> Codes);

public static class RefusingEndpoints
{
    /// <summary>Documents the 422 codes of an endpoint.</summary>
    public static TBuilder RefusesWith<TBuilder>(this TBuilder endpoint, params string[] codes)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(builder => builder.Metadata.Add(new RefusalCodes(codes)));
        return endpoint;
    }
}
