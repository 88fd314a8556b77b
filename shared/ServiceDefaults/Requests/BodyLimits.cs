using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Metadata;

namespace ConsentLedger.ServiceDefaults;

public static class BodyLimits
{
    public const int DefaultBytes = 64 * 1024;

    /// <summary>Lets an endpoint take more, or less, than <see cref="DefaultBytes"/>; null for a stream without an end known beforehand.</summary>
    public static TBuilder WithBodyLimit<TBuilder>(this TBuilder endpoint, long? maxBytes)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(builder => builder.Metadata.Add(new Limit(maxBytes)));
        return endpoint;
    }

    private sealed record Limit(long? MaxRequestBodySize) : IRequestSizeLimitMetadata;
}
