using Microsoft.AspNetCore.Builder;

namespace ConsentLedger.ServiceDefaults;

/// <summary>Endpoint metadata: a caller needs one of these scopes.</summary>
public sealed record RequiredScope(IReadOnlyList<string> AnyOf);

public static class ScopedEndpoints
{
    /// <summary>Lets in callers with any one of these scopes. An endpoint that neither says this nor allows anonymous callers answers nobody.</summary>
    public static TBuilder RequireScope<TBuilder>(this TBuilder endpoint, params string[] anyOf)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(builder => builder.Metadata.Add(new RequiredScope(anyOf)));
        return endpoint;
    }
}
