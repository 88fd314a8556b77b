using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ConsentLedger.Contracts.Policies;

/// <summary>Holds a JSON text against the records before they are made of it, so that all of its faults are found, not only the first.</summary>
internal static class PackShape
{
    public static IReadOnlyList<PolicyPackError> Check(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8);
        using var document = JsonDocument.ParseValue(ref reader);
        return [.. Check(document.RootElement, PolicyPack.Json.GetTypeInfo(typeof(PolicyPack)), "")];
    }

    private static IEnumerable<PolicyPackError> Check(JsonElement value, JsonTypeInfo type, string path) => type.Kind switch
    {
        JsonTypeInfoKind.Object => CheckObject(value, type, path),
        JsonTypeInfoKind.Dictionary => CheckMap(value, type, path),
        JsonTypeInfoKind.Enumerable => CheckList(value, type, path),
        _ => CheckLeaf(value, type.Type, path),
    };

    private static IEnumerable<PolicyPackError> CheckObject(JsonElement value, JsonTypeInfo type, string path)
    {
        if (value.ValueKind != JsonValueKind.Object)
            return [Invalid(path, "an object")];

        var unknown = value.EnumerateObject()
            .Where(m => type.Properties.All(p => p.Name != m.Name))
            .Select(m => new PolicyPackError(PolicyPackErrors.MemberUnknown, JsonLines.Child(path, m.Name), "A pack has no such member here."));
        var known = type.Properties.SelectMany(property => CheckMember(value, property, JsonLines.Child(path, property.Name)));
        return unknown.Concat(known);
    }

    private static IEnumerable<PolicyPackError> CheckMember(JsonElement owner, JsonPropertyInfo property, string path)
    {
        if (!owner.TryGetProperty(property.Name, out var value))
            return property.IsRequired ? [new(PolicyPackErrors.MemberMissing, path, $"The member '{property.Name}' is required.")] : [];

        return value.ValueKind == JsonValueKind.Null && property.IsSetNullable ? [] : Check(value, TypeOf(property.PropertyType), path);
    }

    private static IEnumerable<PolicyPackError> CheckMap(JsonElement value, JsonTypeInfo type, string path) =>
        value.ValueKind == JsonValueKind.Object
            ? value.EnumerateObject().SelectMany(m => Check(m.Value, TypeOf(type.ElementType!), JsonLines.Child(path, m.Name)))
            : [Invalid(path, "an object")];

    private static IEnumerable<PolicyPackError> CheckList(JsonElement value, JsonTypeInfo type, string path) =>
        value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().SelectMany((item, i) => Check(item, TypeOf(type.ElementType!), $"{path}/{i}"))
            : [Invalid(path, "an array")];

    private static IEnumerable<PolicyPackError> CheckLeaf(JsonElement value, Type type, string path)
    {
        var inner = Nullable.GetUnderlyingType(type) ?? type;
        try
        {
            if (value.ValueKind != JsonValueKind.Null && value.Deserialize(inner, PolicyPack.Json) is not null)
                return [];
        }
        catch (JsonException)
        {
            // Said below in the words of the pack instead of the serializer's.
        }

        return [Invalid(path, Describe(inner))];
    }

    private static string Describe(Type type) => type switch
    {
        { IsEnum: true } => "one of " + string.Join(", ", Enum.GetNames(type).Select(JsonNamingPolicy.KebabCaseLower.ConvertName)),
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(int) => "a whole number",
        _ when type == typeof(DateOnly) => "a date, as 2018-05-29",
        _ => "a text",
    };

    private static JsonTypeInfo TypeOf(Type type) => PolicyPack.Json.GetTypeInfo(type);

    private static PolicyPackError Invalid(string path, string expected) => new(PolicyPackErrors.ValueInvalid, path, $"This has to be {expected}.");
}
