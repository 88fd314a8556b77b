using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Contracts.Tests.Policies;

/// <summary>The schema that others read and the records that we read with say the same.</summary>
public sealed class SchemaTests
{
    private static readonly JsonNode Schema = ReadSchema();

    [Fact]
    public void Schema_and_records_agree()
    {
        var differences = Differences(Schema, typeof(PolicyPack), "").ToArray();

        differences.ShouldBeEmpty(string.Join('\n', differences));
    }

    [Fact]
    public void Every_definition_is_used()
    {
        var text = Schema.ToJsonString();

        Schema["$defs"]!.AsObject().Select(d => d.Key).ShouldAllBe(name => text.Contains($"\"#/$defs/{name}\""));
    }

    private static IEnumerable<string> Differences(JsonNode schema, Type type, string path)
    {
        schema = Resolve(schema);
        var contract = PolicyPack.Json.GetTypeInfo(Nullable.GetUnderlyingType(type) ?? type);
        return contract.Kind switch
        {
            JsonTypeInfoKind.Object => ObjectDifferences(schema, contract, path),
            JsonTypeInfoKind.Enumerable => Kind(schema, "array", path).Concat(Differences(schema["items"]!, contract.ElementType!, path + "[]")),
            JsonTypeInfoKind.Dictionary =>
                Kind(schema, "object", path).Concat(Differences(schema["additionalProperties"]!, contract.ElementType!, path + "{}")),
            _ => LeafDifferences(schema, contract.Type, path),
        };
    }

    private static IEnumerable<string> ObjectDifferences(JsonNode schema, JsonTypeInfo contract, string path)
    {
        var members = schema["properties"]!.AsObject();
        var shape = Kind(schema, "object", path)
            .Concat(Same(members.Select(m => m.Key), contract.Properties.Select(p => p.Name), path))
            .Concat(Same(Strings(schema["required"]!), contract.Properties.Where(p => p.IsRequired).Select(p => p.Name), path + " required"))
            .Concat(schema["additionalProperties"]?.GetValue<bool>() == false ? [] : [$"{path} is open"]);
        var inside = contract.Properties.Where(p => members.ContainsKey(p.Name)).SelectMany(p =>
            Same([AllowsNull(members[p.Name]!).ToString()], [p.IsSetNullable.ToString()], $"{path}.{p.Name} nullable")
                .Concat(Differences(members[p.Name]!, p.PropertyType, $"{path}.{p.Name}")));
        return shape.Concat(inside);
    }

    private static IEnumerable<string> LeafDifferences(JsonNode schema, Type type, string path) => type switch
    {
        { IsEnum: true } => Same(Strings(schema["enum"]!), Enum.GetNames(type).Select(JsonNamingPolicy.KebabCaseLower.ConvertName), path),
        _ when type == typeof(bool) => Kind(schema, "boolean", path),
        _ when type == typeof(int) => Kind(schema, "integer", path),
        _ => schema["enum"] is { } values ? Same(Strings(values), Channels.All, path) : Kind(schema, "string", path),
    };

    private static IEnumerable<string> Kind(JsonNode schema, string kind, string path) => Same(Types(schema).Where(t => t != "null"), [kind], path + " type");

    private static IEnumerable<string> Same(IEnumerable<string> schema, IEnumerable<string> records, string path) =>
        schema.Except(records).Select(only => $"{path}: only the schema has {only}")
            .Concat(records.Except(schema).Select(only => $"{path}: only the records have {only}"));

    private static JsonNode Resolve(JsonNode schema)
    {
        if (schema["anyOf"] is JsonArray { Count: 2 } either)
            schema = either[0]!;
        return schema["$ref"]?.GetValue<string>() is { } reference ? Resolve(Schema["$defs"]![reference["#/$defs/".Length..]]!) : schema;
    }

    private static bool AllowsNull(JsonNode schema) => schema["anyOf"] is JsonArray either ? AllowsNull(either[1]!) : Types(schema).Contains("null");

    private static IEnumerable<string> Types(JsonNode schema) => schema["type"] switch
    {
        JsonArray several => Strings(several),
        { } one => [one.GetValue<string>()],
        null => [],
    };

    private static IEnumerable<string> Strings(JsonNode values) => values.AsArray().Select(v => v!.GetValue<string>());

    private static JsonNode ReadSchema()
    {
        using var stream = typeof(PolicyPack).Assembly.GetManifestResourceStream("ConsentLedger.Contracts.Policies.policy-pack.schema.json");
        return JsonNode.Parse(stream!)!;
    }
}
