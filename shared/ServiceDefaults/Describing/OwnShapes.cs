using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace ConsentLedger.ServiceDefaults;

/// <summary>Describes the types that converters of ours read, of whose shape the framework knows nothing.</summary>
internal sealed class OwnShapes : IOpenApiSchemaTransformer
{
    public async Task TransformAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        if (type.IsEnum)
        {
            schema.Type = JsonSchemaType.String;
            schema.Enum = [.. KebabCaseEnums.NamesOf(type).Select(name => JsonValue.Create(name))];
        }
        else if (type == typeof(SubjectId))
        {
            schema.Type = JsonSchemaType.String;
            schema.Format = "uuid";
        }
        else if (type == typeof(DateTimeOffset))
        {
            schema.Type = JsonSchemaType.String;
            schema.Format = "date-time";
        }
        else if (OneOrManyJson.ElementOf(type) is { } element)
        {
            var one = await context.GetOrCreateSchemaAsync(element, null, cancellationToken);
            schema.AnyOf = [one, new OpenApiSchema { Type = JsonSchemaType.Array, Items = one }];
        }
    }
}
