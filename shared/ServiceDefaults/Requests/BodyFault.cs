using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;

namespace ConsentLedger.ServiceDefaults;

/// <summary>
/// Finds what a body that could not be read has wrong, by looking at it again beside the type it should have. Nothing rests on message texts.
/// </summary>
internal static partial class BodyFault
{
    private const int MaxNamedLength = 64;

    /// <param name="path">Where the deserializer gave up.</param>
    public static Problem Find(ReadOnlyMemory<byte> utf8, JsonTypeInfo type, string? path)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, new JsonDocumentOptions { MaxDepth = StrictJson.MaxDepth });
            return Find(document.RootElement, type, "") ?? Named(KnownProblems.BodyInvalid, path?.TrimStart('$', '.'));
        }
        catch (JsonException)
        {
            return KnownProblems.BodyNotJson;
        }
    }

    private static Problem? Find(JsonElement value, JsonTypeInfo type, string path) => (type.Kind, value.ValueKind) switch
    {
        _ when type.Type == typeof(SubjectId) || type.Type == typeof(SubjectId?) =>
            value.ValueKind == JsonValueKind.String && !SubjectId.TryParse(value.GetString(), out _) ? Named(KnownProblems.SubjectIdInvalid, path) : null,
        (_, JsonValueKind.Array) when OneOrManyJson.ElementOf(type.Type) is { } element => InElements(value, type.Options.GetTypeInfo(element), path),
        _ when OneOrManyJson.ElementOf(type.Type) is { } element => Find(value, type.Options.GetTypeInfo(element), path),
        (JsonTypeInfoKind.Object, JsonValueKind.Object) => InMembers(value, type, path),
        (JsonTypeInfoKind.Enumerable, JsonValueKind.Array) => InElements(value, type.Options.GetTypeInfo(type.ElementType!), path),
        _ => null,
    };

    private static Problem? InMembers(JsonElement value, JsonTypeInfo type, string path)
    {
        foreach (var member in value.EnumerateObject())
        {
            var here = Below(path, member.Name);
            var known = type.Properties.FirstOrDefault(p => p.Name == member.Name);
            var problem = known is null ? Named(KnownProblems.BodyUnknownMember, here) : Find(member.Value, type.Options.GetTypeInfo(known.PropertyType), here);
            if (problem is not null) return problem;
        }

        var missing = type.Properties.FirstOrDefault(p => p.IsRequired && !value.TryGetProperty(p.Name, out _));
        return missing is null ? null : Named(KnownProblems.BodyInvalid with { Detail = "A required member is missing." }, Below(path, missing.Name));
    }

    private static Problem? InElements(JsonElement value, JsonTypeInfo element, string path) =>
        value.EnumerateArray().Select((item, i) => Find(item, element, $"{path}[{i}]")).FirstOrDefault(p => p is not null);

    private static string Below(string path, string member) => path.Length == 0 ? member : $"{path}.{member}";

    /// <summary>A member's name is the caller's text, so it is repeated only where it looks like a name.</summary>
    private static Problem Named(Problem problem, string? path) =>
        path is { Length: <= MaxNamedLength } && PlainPath().IsMatch(path) ? problem with { Member = path } : problem;

    [GeneratedRegex(@"^(\[\d+\])*\.?[A-Za-z_][A-Za-z0-9_]*((\[\d+\])*\.[A-Za-z_][A-Za-z0-9_]*)*(\[\d+\])*\z")]
    private static partial Regex PlainPath();
}
