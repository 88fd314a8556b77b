using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace ConsentLedger.ServiceDefaults;

/// <summary>The service's OpenAPI document, made from its endpoints.</summary>
internal static class ApiDescription
{
    public const string BearerScheme = "bearer";

    public static void AddApiDescription(this IServiceCollection services, string service) =>
        services.AddOpenApi("v1", options =>
        {
            options.AddDocumentTransformer((document, _, _) =>
            {
                Introduce(document, service);
                return Task.CompletedTask;
            });
            options.AddOperationTransformer<OperationDescription>();
            options.AddSchemaTransformer<OwnShapes>();
        });

    public static void MapApiDescription(this IEndpointRouteBuilder endpoints) => endpoints.MapOpenApi().AllowAnonymous();

    private static void Introduce(OpenApiDocument document, string service)
    {
        document.Info = new OpenApiInfo { Title = $"ConsentLedger: {service}", Version = "v1" };
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[BearerScheme] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            BearerFormat = "JWT",
            Description = "Scopes:\n" + string.Join(
                '\n', Scopes.Descriptions.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"- `{s.Key}`: {s.Value}")),
        };
    }
}
