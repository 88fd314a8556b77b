using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using ConsentLedger.EventStore;
using Microsoft.AspNetCore.Http;

namespace ConsentLedger.ServiceDefaults;

/// <summary>
/// A data subject as outsiders name it, in a request: see <see cref="StreamId.TryParse"/>. Bound from the route value of the parameter's name.
/// </summary>
[JsonConverter(typeof(JsonText))]
public readonly record struct SubjectId
{
    private SubjectId(Guid value) => Value = value;

    public Guid Value { get; }

    public StreamId Stream => new(Value);

    /// <summary>Of a stream that is known to be a subject's.</summary>
    public static SubjectId Of(StreamId stream) => new(stream.Value);

    public override string ToString() => Value.ToString("D");

    public static bool TryParse([NotNullWhen(true)] string? text, out SubjectId subject)
    {
        var isOne = StreamId.TryParse(text, out var stream);
        subject = new SubjectId(stream.Value);
        return isOne;
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
