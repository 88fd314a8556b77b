using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using ConsentLedger.EventStore;
using Microsoft.AspNetCore.Http;

namespace ConsentLedger.ServiceDefaults;

/// <summary>
/// A data subject as outsiders name it: a UUID of version 4 or 7 (RFC 9562) in lower case. Name-based versions are refused,
/// since they could be derived from an address. Bound from the route value of the parameter's name.
/// </summary>
[JsonConverter(typeof(JsonText))]
public readonly record struct SubjectId
{
    private SubjectId(Guid value) => Value = value;

    public Guid Value { get; }

    public StreamId Stream => new(Value);

    public override string ToString() => Value.ToString("D");

    public static bool TryParse([NotNullWhen(true)] string? text, out SubjectId subject)
    {
        subject = default;
        if (!Guid.TryParseExact(text, "D", out var value) || value.ToString("D") != text) return false;
        if (value.Version is not (4 or 7) || value.Variant is < 8 or > 11) return false;
        subject = new SubjectId(value);
        return true;
    }

    public static ValueTask<SubjectId> BindAsync(HttpContext context, ParameterInfo parameter) =>
        TryParse(context.Request.RouteValues[parameter.Name!] as string, out var subject)
            ? ValueTask.FromResult(subject)
            : throw new RequestRefusedException(KnownProblems.SubjectIdInvalid);

    private sealed class JsonText : JsonConverter<SubjectId>
    {
        public override SubjectId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && TryParse(reader.GetString(), out var subject) ? subject : throw new JsonException();

        public override void Write(Utf8JsonWriter writer, SubjectId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
    }
}
